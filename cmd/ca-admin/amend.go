package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// policyChange is a change of policy.yaml, for scripts.
type policyChange struct {
	Field   string   `json:"field"`
	Removed []string `json:"removed"`
	Added   []string `json:"added"`
}

// amend shows what a cluster's configuration changes about the policy, and writes it once a person agrees.
func (p *policyCommand) amend(ctx context.Context, a *app, c *ca.CA) error {
	want, err := p.cluster(c)
	if err != nil {
		return err
	}
	was, err := c.PolicyText()
	if err != nil {
		return err
	}
	text, changes, err := policy.Amend(was, want)
	if err != nil {
		return cli.Hint(err, "ca-admin policy shows what is in force")
	}
	if err := a.showChanges(changes); err != nil || len(changes) == 0 {
		return err
	}
	if !p.Yes {
		agreed, err := a.Confirm(ctx, "write this to policy.yaml?")
		if errors.Is(err, cli.ErrNobody) {
			return cli.Hint(err, "look at the changes, then say --yes")
		}
		if err != nil || !agreed {
			return errors.Join(err, cli.WithStatus(cli.Unanswered, errors.New("policy.yaml stays as it is")))
		}
	}
	if err := c.ReplacePolicy(ctx, was, text); err != nil {
		return cli.Hint(err, "policy.yaml stays as it is; run the command again")
	}
	a.Say("wrote policy.yaml; what is held is decided again by the next pass")
	return nil
}

// cluster is what kubeadm's files and --node say of the cluster. A file without a ClusterConfiguration only says which
// host it is for: everything else in it is kubeadm's default.
func (p *policyCommand) cluster(c *ca.CA) (policy.Cluster, error) {
	config, err := configurationOf(p.Config)
	if err != nil {
		return policy.Cluster{}, err
	}
	var cluster policy.Cluster
	if config.HasCluster {
		cluster = clusterOf(config)
	}
	release, err := c.Release()
	if err != nil {
		return cluster, err
	}
	if cluster.Kubernetes == release.String() { // that of the newest release is not written down
		cluster.Kubernetes = ""
	}
	cluster.Nodes, err = nodesOf(append(hostOf(config), p.Node...))
	return cluster, err
}

// showChanges prints a line for each value that goes, comes or changes.
func (a *app) showChanges(changes []policy.Change) error {
	items := []policyChange{}
	for _, one := range changes {
		items = append(items, policyChange{one.Field, orEmpty(one.Removed), orEmpty(one.Added)})
	}
	switch {
	case a.JSON:
		return a.Encode(newList("PolicyChangeList", items))
	case len(changes) == 0:
		a.Say("nothing changes")
	}
	for _, one := range changes {
		for _, line := range changeLines(one) {
			a.Print("%s", line)
		}
	}
	return nil
}

func changeLines(one policy.Change) (lines []string) {
	node, isNode := strings.CutPrefix(one.Field, "cluster.nodes.")
	switch {
	case isNode:
		return []string{fmt.Sprintf("cluster.nodes: + %s %s", node, strings.Join(one.Added, " "))}
	case one.Field != "cluster.certSANs" && one.Field != "cluster.serviceSubnets":
		was := "none"
		if len(one.Removed) > 0 {
			was = refusal.Quote(one.Removed[0])
		}
		return []string{fmt.Sprintf("%s: %s, now %s", one.Field, was, refusal.Quote(one.Added[0]))}
	}
	for _, value := range one.Removed {
		lines = append(lines, one.Field+": - "+refusal.Quote(value))
	}
	for _, value := range one.Added {
		lines = append(lines, one.Field+": + "+refusal.Quote(value))
	}
	return lines
}

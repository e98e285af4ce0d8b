package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// maxNode is the longest name of a node: 64 characters (X.520) less "system:node:".
const maxNode = 64 - len("system:node:")

// checkNode says why a string cannot be a node's name: lower case, RFC 1123, as the kubelet registers it, and never one
// of the names by which pods reach the API server.
func (p *Policy) checkNode(node string) error {
	switch err := pki.CheckDNSName(node); {
	case strings.Contains(node, "*"):
		return errors.New("a node's name has no wildcard")
	case err != nil:
		return err
	case strings.ToLower(node) != node:
		return errors.New("a node's name is lower case")
	case len(node) > maxNode:
		return fmt.Errorf("it has %d characters, more than %d", len(node), maxNode)
	case p.owned.fixed[node]:
		return errors.New("the name belongs to the API server")
	}
	return nil
}

// nodeOf is the node under a profile, and where it is named: a person's word, the cover's, the one in its common name,
// or the one known host among the names. It is not checked yet.
func (j *judgement) nodeOf(p *pki.Profile) (node, field string) {
	switch {
	case !p.HasNode():
		return "", ""
	case j.Override.Node != "":
		return j.Override.Node, "node"
	case j.Request.Cover != nil && j.Request.Cover.Node != "":
		return j.Request.Cover.Node, "cover.Node"
	case !strings.Contains(p.CommonName, "{node}"):
		return j.knownNode(), "names"
	}
	before, after, _ := strings.Cut(p.CommonName, "{node}")
	if before+after == "" && slices.Contains(etcdNames, fold(j.Request.CSR.Subject.CommonName())) {
		return j.knownNode(), "names" // a guide's name for the member, not the host's
	}
	node, ok := strings.CutPrefix(j.Request.CSR.Subject.CommonName(), before)
	if !ok || !strings.HasSuffix(node, after) {
		return "", ""
	}
	return strings.TrimSuffix(node, after), "subject.CN"
}

// knownNode is the host of the policy whose name the request asks for; none where it asks for two.
func (j *judgement) knownNode() (node string) {
	for known := range j.policy.config.Cluster.Nodes {
		if slices.Contains(j.Request.CSR.Names.DNS, known) {
			if node != "" {
				return ""
			}
			node = known
		}
	}
	return node
}

// likelyNode is what a person probably means where the request names no node: the one host among its DNS names, or the
// one in its subject in lower case; NODE where there is none.
func (j *judgement) likelyNode(named string) string {
	if lower := strings.ToLower(named); j.policy.checkNode(lower) == nil {
		return lower
	}
	likely := ""
	for _, name := range j.Request.CSR.Names.DNS {
		// Guides cut the API server's longest name short: "kubernetes.default.svc.cluster".
		if name == "localhost" || strings.HasPrefix(name, "kubernetes.default") || j.policy.checkNode(name) != nil {
			continue
		}
		if likely != "" {
			return "NODE"
		}
		likely = name
	}
	if likely == "" {
		return "NODE"
	}
	return likely
}

// settleNode is the node that the certificate is for, "" where the profile has none or none is named.
func (j *judgement) settleNode(p *pki.Profile) string {
	node, field := j.nodeOf(p)
	inSubject := strings.Contains(p.CommonName, "{node}")
	if node == "" {
		if inSubject {
			j.refuse(refusal.NodeAbsent, "node", "", "--node NODE")
		}
		return ""
	}
	if err := j.policy.checkNode(node); err != nil {
		j.refuseNode(node, field, err)
		return ""
	}
	if field == "cover.Node" {
		if inSubject {
			j.compareSubject(p, node)
		} else {
			j.compareNames(node)
		}
	}
	return node
}

// refuseNode: in the CSR of a hand-made request a node in upper case is a slip that a person can mend; everywhere else
// a name that is not a node's is one that component-admin does not write.
func (j *judgement) refuseNode(node, field string, why error) {
	if lower := strings.ToLower(node); field == "subject.CN" && j.policy.checkNode(lower) == nil {
		j.refuse(refusal.NodeAbsent, field, node, "lower case: --node "+lower)
		return
	}
	j.refuse(refusal.CoverNode, field, node, "a node's name: "+why.Error())
}

// compareSubject holds the cover's node against the CSR's subject.
func (j *judgement) compareSubject(p *pki.Profile, node string) {
	asked := j.Request.CSR.Subject.CommonName()
	if commonName, _ := p.Subject(node); asked != commonName {
		j.refuse(refusal.CoverNode, "cover.Node", node, "the node of the CSR: "+refusal.Quote(asked))
	}
}

// compareNames holds the cover's node against the CSR's names.
func (j *judgement) compareNames(node string) {
	if !slices.Contains(j.Request.CSR.Names.DNS, node) {
		j.refuse(refusal.CoverNode, "cover.Node", node, "a node among the CSR's DNS names")
	}
}

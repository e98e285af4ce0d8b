package main

import (
	"crypto/x509"
	"slices"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/ledger"
)

// sayAdvice says what a revocation does not do, and what does it instead.
func (a *app) sayAdvice(c *ca.CA, r ca.Revoking) error {
	rules, err := c.Rules()
	if err != nil {
		return err
	}
	for _, line := range advice(r, func(k ledger.Certificate) bool {
		p := rules.Policy.Profile(k.Profile)
		return k.Issuer == kube.ClusterIssuer && (p == nil || slices.Contains(p.Usages, x509.ExtKeyUsageClientAuth))
	}) {
		a.Say("%s", line)
	}
	return nil
}

// advice is what sayAdvice says; client reports whether kube-apiserver takes a certificate as a client's.
func advice(r ca.Revoking, client func(ledger.Certificate) bool) []string {
	lines := []string{"hosts take the CRL with their next component-admin sync; until then they know nothing of it"}
	var cluster, etcd, masters bool
	var nodes, users []string
	for _, k := range r.Certificates {
		etcd = etcd || k.Issuer == kube.EtcdIssuer
		cluster = cluster || client(k)
		switch {
		case !client(k):
		case isAdministrator(k):
			masters = true
		case k.Node != "" && strings.HasPrefix(k.Profile, "kubelet"):
			nodes = appendNew(nodes, k.Node)
		case k.Profile == "user" || k.Profile == "client":
			users = appendNew(users, knownAs(k))
		}
	}
	if cluster {
		lines = append(lines, "kube-apiserver ignores CRLs: it accepts a revoked client until its certificate ends")
	}
	for _, name := range users {
		lines = append(lines, "  "+name+": remove its bindings; to find them: "+
			"kubectl get rolebindings,clusterrolebindings -A -o wide")
	}
	for _, node := range nodes {
		lines = append(lines, "  node "+node+": kubectl delete node "+cli.Word(node)+
			", and take it out of its requester's scope: ca-admin scope NAME --remove-node "+cli.Word(node))
	}
	if masters {
		lines = append(lines, "  an administrator's certificate ends only with its issuer: "+
			"make another issuer, and replace every certificate that ca signed")
	}
	if etcd {
		lines = append(lines, "etcd refuses it at the next connection, "+
			"if --client-crl-file and --peer-crl-file name the CRL; open connections stay: restart etcd")
	}
	return lines
}

// isAdministrator reports whether a certificate gives an administrator's rights by its group alone.
func isAdministrator(k ledger.Certificate) bool {
	return strings.Contains(k.Subject, `"system:masters"`) || strings.Contains(k.Subject, `"kubeadm:cluster-admins"`)
}

func appendNew(list []string, item string) []string {
	if slices.Contains(list, item) {
		return list
	}
	return append(list, item)
}

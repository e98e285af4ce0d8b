package component

import (
	"crypto/x509"
	"path/filepath"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// issuers reads the CA certificates, which everything else is held against.
func (e *examination) issuers() {
	for _, i := range kube.Issuers() {
		if e.needs(i.Name) && (i.Name != kube.EtcdIssuer || !e.Config.ExternalEtcd) {
			e.issuer(i, e.at("pki/"+i.Certificate))
		}
	}
	cluster, there := e.authorities[kube.ClusterIssuer]
	for _, name := range []string{kube.EtcdIssuer, kube.FrontProxyIssuer} {
		if other, ok := e.authorities[name]; ok && there && other.Certificate.Equal(cluster.Certificate) {
			e.find(Advice, filepath.Dir(e.at(pkiDir+"/ca.crt")),
				remedy{fix: "ask the CA admin for three issuers: ca-admin init without --issuer ca"},
				"%s is the cluster's own CA: any client certificate of the cluster is one of %[1]s's, too", name)
		}
	}
}

// needs reports whether the host has an issuer's certificate: hosts of its kind do, or one that was installed is its.
func (e *examination) needs(issuer string) bool {
	installed := false
	for _, s := range e.requests {
		if p, err := profileOf(s); err == nil && s.Status == StatusInstalled {
			if p.Issuer == issuer {
				return true
			}
			installed = true
		}
	}
	return e.kind.issuers(issuer) && (e.kind != otherHost || !installed)
}

func (e *examination) issuer(i kube.Issuer, file string) {
	pinned, isPinned := e.pinned.Authority(i.Name)
	if isPinned {
		e.authorities[i.Name] = pinned
	}
	if isPinned && e.Layout.PEM && pinned.Name != i.Name {
		return // one CA does for all: its one file was examined
	}
	text := e.public(file, e.trust())
	if text == nil {
		return
	}
	replace := e.trust("mv", file, file+".other")
	certificates, err := pki.ParseCertificates(text)
	if err != nil {
		e.find(Wrong, file, replace, "cannot read its certificate: %v", err)
		return
	}
	ca := certificates[0]
	if !ca.IsCA {
		e.find(Wrong, file, replace, "its first certificate is not a CA's: %s", refusal.Quote(ca.Subject.String()))
		return
	}
	if isPinned && !pinned.Certificate.Equal(ca) {
		e.find(Wrong, file, replace, "it contains %s, not the pinned CA", refusal.Quote(ca.Subject.String()))
		return
	}
	e.authorities[i.Name] = pki.Authority{Name: i.Name, Certificate: ca, Chain: certificates[1:]}
	e.beside(file, certificates[1:])
	e.validity(file, ca.NotBefore, ca.NotAfter, remedy{fix: "ask the CA admin for a new CA"})
	if key := e.at("pki/" + i.Key); exists(key) {
		move := remedy{fix: "move it to the CA admin's host, where `ca-admin init --import-pki DIR` takes it over"}
		problem := "the CA's private key is on a cluster host, so kubeadm signs here itself and is not in external " +
			"CA mode"
		if e.handMade() {
			move.fix = "move it to the CA admin's host, where `ca-admin init --issuer " + i.Name + " --import-cert " +
				filepath.Base(file) + " --import-key " + filepath.Base(key) + "` takes it over"
			problem = "the CA's private key is on a cluster host: whoever reads it signs for everybody"
		}
		e.find(Advice, key, move, "%s", problem)
	}
}

// beside examines what stands beside an issuer in its file: components trust all below it, too. A root that two issuers
// have in common makes them one: etcd would serve whoever has a certificate of the cluster, each kubelet.
func (e *examination) beside(file string, certificates []*x509.Certificate) {
	mend := by("openssl", "x509", "-in", file, "-out", file)
	for _, c := range certificates {
		severity := Advice
		problem := "every certificate below " + refusal.Quote(c.Subject.String()) +
			" is trusted, too, since it is in this file"
		if other, seen := e.anchors[string(c.Raw)]; seen && other != file {
			severity, problem = Wrong, problem+" and in "+other
		}
		e.anchors[string(c.Raw)] = file
		e.find(severity, file, mend, "%s", problem)
	}
}

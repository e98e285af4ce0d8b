package component

import (
	"path/filepath"
	"slices"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/refusal"
)

// unadopted examines what lies in the directory of a cluster that was made by hand, and that no request of this program
// is for: whether it works, not whether a profile would have it so.
func (e *examination) unadopted() {
	dir := filepath.Dir(e.at(pkiDir + "/ca.crt"))
	h, err := readHandMade(e.Path, e.Layout, e.Config.Release, e.requests)
	if err != nil {
		e.find(Wrong, dir, remedy{fix: "run the doctor as the owner of the files, usually root"}, "%v", err)
		return
	}
	adopt := remedy{fix: Command(slices.Concat(e.Program, []string{"request", "--from-pki"}, e.Renewal)...), asks: true}
	for _, f := range h.all() {
		e.works(f, adopt)
	}
	for _, k := range h.kept {
		own, fixed := strings.CutPrefix(k.Fix, "component-admin ")
		severity := Advice
		if k.Bad {
			severity = Wrong
		}
		if fixed {
			e.find(severity, k.File, remedy{fix: Command(e.Program...) + " " + own, asks: true}, "%s", k.Why)
		}
	}
	if n := len(h.all()); n > 0 {
		e.find(Advice, dir, adopt, "certificates in it that others made, which nothing renews: %d", n)
	}
}

// works examines a certificate whose key is the one beside it.
func (e *examination) works(f Found, adopt remedy) {
	file := e.below("", f.Files.Place())
	if !f.Files.embedded() {
		e.public(file, adopt)
		e.private(e.below(f.Files.Root, f.Files.Key), adopt)
	}
	authority, known := e.authorities[f.Profile.Issuer]
	if known && f.Certificate.CheckSignatureFrom(authority.Certificate) != nil {
		e.find(Wrong, file, adopt, "it was not signed by %s", refusal.Quote(authority.Certificate.Subject.String()))
	}
	e.validity(file, f.Certificate.NotBefore, f.Certificate.NotAfter, adopt)
	if f.Files.Kubeconfig == "" {
		return
	}
	file = e.below(f.Files.Root, f.Files.Kubeconfig)
	if k, err := kube.ParseKubeconfig(e.private(file, adopt)); err == nil {
		e.believed(file, k.CA, adopt)
	}
}

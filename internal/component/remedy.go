package component

import (
	"cmp"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// request mends by a new key and certificate of a profile.
func (e *examination) request(on placed) remedy {
	p := on.Profile
	if asked, ok := e.asked(p.Name); ok {
		return asked
	}
	words := append(slices.Clone(e.Program), "request", p.Name)
	words = append(words, e.node(p)...)
	if !e.Known && on.Kubeconfig != "" {
		words = append(words, "--server", cmp.Or(e.kubeconfigInPlace("kubelet.conf").Server, "https://HOST:6443"))
	}
	if on.Place() != e.Layout.Files(p).Place() {
		words = append(words, e.out(p, on.Files)...)
	}
	return remedy{fix: Command(append(words, e.Flags...)...), asks: true}
}

// out are the flags of a request whose result goes to these files.
func (e *examination) out(p kube.Profile, f Files) (words []string) {
	if f.embedded() {
		return []string{"--kubeconfig-out", f.Kubeconfig}
	}
	words = []string{"--out", f.Certificate}
	if p.Kubeconfig != "" || f.Key != e.Layout.KeyBeside(f.Certificate) {
		words = append(words, "--key-out", f.Key)
	}
	if f.Kubeconfig != "" {
		words = append(words, "--kubeconfig-out", f.Kubeconfig)
	}
	return words
}

// add mends a certificate that lacks names: it keeps those it has.
func (e *examination) add(on placed, names []string) remedy {
	p := on.Profile
	if asked, ok := e.asked(p.Name); ok {
		return asked
	}
	words := append(slices.Clone(e.Program), "request", "--from-pki", p.Name)
	words = append(words, e.node(p)...)
	for _, name := range names {
		kind, value, _ := strings.Cut(name, ":")
		words = append(words, "--"+strings.ToLower(kind), value)
	}
	return remedy{fix: Command(append(words, e.Renewal...)...), asks: true}
}

// renew mends a certificate that is right and ends.
func (e *examination) renew(p kube.Profile) remedy {
	if asked, ok := e.asked(p.Name); ok {
		return asked
	}
	return remedy{renews: p.Name, asks: true}
}

// requestGeneric mends a certificate of a profile whose subject and names only the request knows.
func (e *examination) requestGeneric(s State, leaf *x509.Certificate) remedy {
	if asked, ok := e.open(func(o State) bool { return o.Files.Place() == s.Files.Place() }); ok {
		return asked
	}
	words := append(slices.Clone(e.Program), "request", s.Profile, "--common-name", s.CommonName)
	if s.Like != "" {
		words = append(words, "--like", s.Like, "--issuer", s.Issuer)
	}
	for _, group := range s.Organizations {
		words = append(words, "--group", group)
	}
	words = append(words, likeInPlace(leaf)...)
	if s.Files.Kubeconfig != "" {
		words = append(words, "--server", s.Files.Server)
	}
	if s.Files.embedded() {
		return remedy{fix: Command(append(words, "--out", s.Files.Kubeconfig)...), asks: true}
	}
	p, err := profileOf(s)
	if err != nil {
		return remedy{fix: err.Error()}
	}
	return remedy{fix: Command(append(words, e.out(p, s.Files)...)...), asks: true}
}

// likeInPlace asks for the names and the type of key that the certificate in place has.
func likeInPlace(leaf *x509.Certificate) (words []string) {
	if leaf == nil {
		return nil
	}
	names := pki.NamesOf(leaf)
	for _, name := range names.DNS {
		words = append(words, "--dns", name)
	}
	for _, ip := range names.IPs {
		words = append(words, "--ip", ip.String())
	}
	if kind := pki.KeyTypeOf(leaf.PublicKey); kind != pki.RSA2048 && kind != "" {
		words = append(words, "--key-type", string(kind))
	}
	return words
}

func (e *examination) node(p kube.Profile) []string {
	if !p.HasNode() || e.Node == "" {
		return nil
	}
	return []string{"--node", e.Node}
}

// asked is what is to be done where a request for the profile is open: asking again would only double it.
func (e *examination) asked(profile string) (remedy, bool) {
	return e.open(func(s State) bool { return s.Profile == profile })
}

func (e *examination) open(match func(State) bool) (remedy, bool) {
	for _, s := range slices.Backward(e.requests) {
		switch {
		case !match(s):
		case s.Status == StatusInstalling:
			return remedy{fix: e.sync()}, true
		case s.Status == StatusOpen:
			return remedy{fix: "asked on " + s.Created.Format("2006-01-02") + ", " + e.waits(s)}, true
		}
	}
	return remedy{}, false
}

// waits says what an open request waits for, by the last word of the outbox, which nobody verified.
func (e *examination) waits(s State) string {
	switch s.Said {
	case "Held":
		return fmt.Sprintf("held: the CA admin decides with `ca-admin approve %s`; then: %s", s.ID[:16], e.sync())
	case "Denied":
		return "denied: the reason is shown by: " + e.sync()
	}
	return "not answered yet: " + e.sync()
}

func (e *examination) sync() string { return Command(append(slices.Clone(e.Program), "sync")...) }

// trust mends an issuer's certificate: sync puts what is pinned into place. Nothing is ever copied out of the exchange
// by hand, since nobody would compare it.
func (e *examination) trust(before ...string) remedy {
	switch {
	case e.Component != nil && e.Component.Trust == "":
		pin := append(slices.Clone(e.Program), "trust", "--fingerprint", "sha256:FINGERPRINT")
		return remedy{fix: Command(pin...) + ", with the fingerprint that the CA admin gives out of band", asks: true}
	case len(before) > 0:
		return remedy{fix: Command(before...) + " && " + e.sync(), asks: true}
	case len(e.requests) > 0:
		return remedy{fix: e.sync(), asks: true}
	}
	words := slices.Concat(e.Program, []string{"request", e.kind.set()}, e.Flags)
	return remedy{fix: Command(words...), asks: true}
}

// conclude gives all findings. Certificates that end are renewed by one command, which keeps every name; and before
// anything can be asked, the component directory is set up.
func (e *examination) conclude() []Finding {
	var managed, found []string // profiles: what this program installed, and what was there before it
	asks := false
	for _, f := range e.findings {
		asks = asks || f.asks
		switch {
		case f.renews == "" || slices.Contains(managed, f.renews) || slices.Contains(found, f.renews):
		case e.manages(f.renews):
			managed = append(managed, f.renews)
		default:
			found = append(found, f.renews)
		}
	}
	var all []Finding
	if asks && e.Component == nil {
		all = append(all, e.setUp())
	}
	for _, f := range e.findings {
		switch {
		case slices.Contains(managed, f.renews):
			f.Fix = Command(slices.Concat(e.Program, []string{"renew", "--now"}, managed)...)
		case f.renews != "":
			f.Fix = e.adopt(found)
		}
		all = append(all, f.Finding)
	}
	return all
}

// manages reports whether this program installed a profile's certificate: then renew knows its names and its place.
func (e *examination) manages(profile string) bool {
	return slices.ContainsFunc(e.requests, func(s State) bool {
		return s.Profile == profile && s.Status == StatusInstalled
	})
}

// adopt asks for the successors of certificates that others put there.
func (e *examination) adopt(profiles []string) string {
	words := slices.Concat(e.Program, []string{"request", "--from-pki"}, profiles)
	if e.Node != "" {
		words = append(words, "--node", e.Node)
	}
	return Command(append(words, e.Renewal...)...)
}

// setUp is the first thing to do where no request can be made yet.
func (e *examination) setUp() Finding {
	words := append(slices.Clone(e.Program), "init", "--name", cmp.Or(e.Node, "NAME"), "--trust", "sha256:FINGERPRINT")
	return Finding{
		Severity: Advice, File: e.Path, Fix: Command(words...),
		Problem: "the component directory is not set up, so no certificate can be requested",
	}
}

package main

import (
	"crypto/x509"
	"slices"
	"strings"

	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// findHandMade lists what can be asked for anew in a cluster that was made by hand, and says what stays as it is.
func (r *requestCommand) findHandMade(
	a *app, c *component.Component, config kube.Config, layout component.Layout, profiles []kube.Profile,
) ([]component.Found, error) {
	found, kept, err := c.FromHandMade(layout, config.Release, profiles)
	if len(r.Profiles) == 0 {
		for _, k := range kept {
			a.Say("%s: %s", k.File, k.Why)
			if k.Fix != "" {
				a.Hint("%s", k.Fix)
			}
		}
	}
	return found, err
}

// explainSuccessor says what of a certificate that was made by hand its successor will not have, before it is asked
// for: a profile decides subject and usages.
func explainSuccessor(a *app, f component.Found, ask kube.Ask) {
	if f.Ask == nil {
		return
	}
	a.Say("%s: %s", f.Files.Place(), ask.Profile.Name)
	was := f.Certificate.Subject
	if was.CommonName != ask.CommonName || !pki.EqualSets(was.Organization, ask.Organizations) {
		a.Say("  subject: %s, until now %s", subject(ask.CommonName, ask.Organizations),
			subject(was.CommonName, was.Organization))
	}
	var gone []string
	for _, usage := range f.Certificate.ExtKeyUsage {
		if !slices.Contains(ask.Profile.Usages, usage) {
			gone = append(gone, pki.UsageNames([]x509.ExtKeyUsage{usage}))
		}
	}
	if gone = append(gone, pki.NamesOf(f.Certificate).Without(ask.Names)...); len(gone) > 0 {
		a.Say("  without %s", strings.Join(gone, ", "))
	}
}

func subject(commonName string, organizations []string) string {
	s := pki.Subject{{Type: "CN", Value: commonName}}
	for _, o := range organizations {
		s = append(s, pki.Attribute{Type: "O", Value: o})
	}
	return s.String()
}

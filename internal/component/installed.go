package component

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"slices"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// installed reads the file in a request's place.
func (c *Component) installed(f Files) ([]byte, error) {
	if f.embedded() {
		return c.readAt(f.Root, f.Kubeconfig)
	}
	return c.readAt(f.pairRoot(), f.Certificate)
}

// leaf is the certificate in a request's place: of a kubeconfig the embedded one, of a kubelet's that embeds none the
// one in the file beside it.
func (c *Component) leaf(f Files) (*x509.Certificate, error) {
	text, err := c.installed(f)
	if err != nil {
		return nil, err
	}
	if f.embedded() {
		k, err := kube.ParseKubeconfig(text)
		if err != nil {
			return nil, err
		}
		if text = k.Certificate; len(text) == 0 && f.Combined != "" {
			if text, _, err = c.combined(f); err != nil {
				return nil, err
			}
		}
	}
	certificates, err := pki.ParseCertificates(text)
	if err != nil {
		return nil, err
	}
	return certificates[0], nil
}

// usable is the certificate in a request's place that an answer would replace; nil where there is none, or where what
// lies there is of no use for it: another CA's must not keep the right one out by ending later.
func (c *Component) usable(f Files, e pki.Expected) *x509.Certificate {
	leaf, err := c.leaf(f)
	if err != nil {
		return nil
	}
	e.Key, e.AcceptNames = leaf.PublicKey, true
	if lacking, err := pki.CheckInstalled(leaf, e); err != nil || len(lacking) > 0 {
		return nil
	}
	return leaf
}

// lost says what the certificate in place has and its successor lacks, a line each: names, groups, usages.
func (c *Component) lost(f Files, next *x509.Certificate) (lines []string) {
	old, err := c.leaf(f)
	if err != nil {
		return nil
	}
	for _, name := range pki.NamesOf(old).Without(pki.NamesOf(next)) {
		kind, value, _ := strings.Cut(name, ":")
		lines = append(lines, kind+" "+value)
	}
	for _, o := range old.Subject.Organization {
		if !slices.Contains(next.Subject.Organization, o) {
			lines = append(lines, "O "+o)
		}
	}
	for _, usage := range old.ExtKeyUsage {
		if !slices.Contains(next.ExtKeyUsage, usage) {
			lines = append(lines, "usage "+pki.UsageNames([]x509.ExtKeyUsage{usage}))
		}
	}
	return lines
}

// openOrInstalled are the requests that somebody waits for, and those of what is installed.
func openOrInstalled(requests []State) []State {
	return slices.DeleteFunc(slices.Clone(requests), func(s State) bool {
		return s.Status != StatusOpen && s.Status != StatusInstalling && s.Status != StatusInstalled
	})
}

// placesOf are the places of what was installed or is asked for under a profile, each once, the newest last.
func placesOf(profile string, requests []State) (all []Files) {
	for _, s := range openOrInstalled(requests) {
		twice := slices.ContainsFunc(all, func(f Files) bool { return f.Place() == s.Files.Place() })
		if s.Profile == profile && !twice {
			all = append(all, s.Files)
		}
	}
	return all
}

// placesWith adds the usual place to others, unless it is one of them.
func placesWith(usual Files, all []Files) []Files {
	if slices.ContainsFunc(all, func(f Files) bool { return f.Place() == usual.Place() }) {
		return all
	}
	return append(all, usual)
}

// existing passes over what is gone already.
func existing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

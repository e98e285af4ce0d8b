package policy

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// fold makes two strings equal that a careless reader, or another program, takes for the same: compatibility forms
// (NFKC), case and blanks.
func fold(s string) string {
	visible := func(r rune) rune {
		if unicode.IsSpace(r) {
			return -1
		}
		return r
	}
	return strings.ToLower(strings.Map(visible, norm.NFKC.String(s)))
}

// reservedPrefix reports whether a user or group lies in a space that Kubernetes and kubeadm keep for themselves.
func reservedPrefix(value string) bool {
	v := fold(value)
	return strings.HasPrefix(v, "system:") || strings.HasPrefix(v, "kubeadm:")
}

// reserved reports whether a user or group belongs to a built-in profile or to Kubernetes itself. Such a name is signed
// as the whole subject of its own profile and never elsewhere.
func (p *Policy) reserved(value string) bool {
	return reservedPrefix(value) || p.fixedUsers[fold(value)]
}

// fixedUsersOf are the common names that built-in profiles fix, folded, and the administrators of releases in which no
// profile has them.
func fixedUsersOf(p *Policy) map[string]bool {
	fixed := map[string]bool{"kubernetes-admin": true, "kubernetes-super-admin": true}
	for _, profile := range p.profiles {
		if !generic(profile) && !strings.Contains(profile.CommonName, "{") {
			fixed[fold(profile.CommonName)] = true
		}
	}
	return fixed
}

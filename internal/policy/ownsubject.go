package policy

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ca-exchange/internal/pki"
)

// mistake is what is wrong with a field of an own profile.
type mistake struct{ field, text string }

// checkOwnSubject: a common name is literal or has one {node} or {user}; groups are literal, or {groups} of a user.
func (p *Policy) checkOwnSubject(own pki.Profile, like string) *mistake {
	wrong := func(text string) *mistake {
		return &mistake{".commonName", fmt.Sprintf("%q: %s", own.CommonName, text)}
	}
	literal := strings.Replace(strings.Replace(own.CommonName, "{node}", "n", 1), userPlace, "u", 1)
	names, ofUser := like == genericServer || like == genericPeer, strings.Contains(own.CommonName, userPlace)
	switch {
	case strings.ContainsAny(literal, "{}*"), strings.Contains(own.CommonName, "{node}") && ofUser:
		return wrong("a common name is literal, or has one {node} or one {user}")
	case ofUser && names:
		return wrong("a server's certificate names no user")
	case utf8.RuneCountInString(own.CommonName) > maxCommonName:
		return wrong(fmt.Sprintf("a common name has at most %d characters (X.520)", maxCommonName))
	case !printable(own.CommonName):
		return wrong("a common name has printable characters")
	case p.reserved(literal) || reservedPrefix(own.CommonName):
		return wrong("this name is reserved for a built-in profile")
	case disguised(own.CommonName):
		return wrong(looksLikeAnother)
	}
	for i := range own.Organizations {
		if text := p.checkOwnGroup(own, like, i); text != "" {
			return &mistake{fmt.Sprintf(".organizations[%d]", i), text}
		}
	}
	return nil
}

const looksLikeAnother = "characters that look like others of the Latin alphabet: write a name in one alphabet"

// checkOwnGroup says what is wrong with one of the organisations.
func (p *Policy) checkOwnGroup(own pki.Profile, like string, i int) string {
	o, ofUser := own.Organizations[i], strings.Contains(own.CommonName, userPlace)
	switch {
	case slices.Contains(own.Organizations[:i], o):
		return fmt.Sprintf("%q is listed twice", o)
	case o == groupsPlace && like == genericUser && own.CommonName != "" && !ofUser:
		return "{groups} needs a common name with {user}, or none"
	case o == groupsPlace && like == genericUser:
		return ""
	case o == "" || strings.ContainsAny(o, "{}*") || utf8.RuneCountInString(o) > maxCommonName || !printable(o):
		return fmt.Sprintf("%q: an organisation is literal, or \"{groups}\" where the profile is like user", o)
	case p.reserved(o):
		return fmt.Sprintf("%q: this group is reserved for a built-in profile", o)
	case disguised(o):
		return fmt.Sprintf("%q: %s", o, looksLikeAnother)
	case like == genericServer || like == genericPeer:
		return fmt.Sprintf("%q: a server's certificate has no groups", o)
	}
	return ""
}

func printable(s string) bool {
	hidden := func(r rune) bool { return !unicode.IsPrint(r) }
	return utf8.ValidString(s) && !strings.ContainsFunc(s, hidden) && strings.TrimSpace(s) == s
}

// disguised reports whether a name mixes Latin letters with those of an alphabet that has the same shapes, or has a
// sign that is neither ASCII nor a letter, such as another colon: people read "system:" where Kubernetes does not.
func disguised(s string) bool {
	alike := func(r rune) bool {
		return unicode.In(r, unicode.Cyrillic, unicode.Greek, unicode.Armenian, unicode.Cherokee)
	}
	latin := func(r rune) bool { return unicode.Is(unicode.Latin, r) }
	sign := func(r rune) bool { return r >= utf8.RuneSelf && !unicode.In(r, unicode.L, unicode.M, unicode.N) }
	return strings.ContainsFunc(s, latin) && strings.ContainsFunc(s, alike) || strings.ContainsFunc(s, sign)
}

package policy

import (
	"crypto/x509"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"unicode/utf8"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// maxCommonName is X.520's bound in characters (RFC 5280 appendix A.1, ub-common-name).
const maxCommonName = 64

// subject is what the certificate is to be called.
type subject struct {
	commonName    string
	organizations []string
	whole         bool // false: a part is missing, and nothing can be signed
}

// The places of an own profile's subject that a request fills.
const (
	userPlace   = "{user}"
	groupsPlace = "{groups}"
)

// generic reports whether a profile leaves the subject to the request: server, client, peer, user and own ones of
// theirs.
func generic(p pki.Profile) bool {
	return p.CommonName == "" || strings.Contains(p.CommonName, userPlace)
}

// IsUser reports whether the common name of a profile's certificates is taken for a user: whoever may serve is called
// by its names instead.
func IsUser(p pki.Profile) bool {
	return generic(p) && !slices.Contains(p.Usages, x509.ExtKeyUsageServerAuth)
}

// settleSubject gives the certificate its subject: the profile's, one of the certificate's own names, or a user with
// groups. The CSR's own is compared and never copied but for a user; what is not taken over is a loss.
func (j *judgement) settleSubject(s settled) subject {
	j.checkAttributes()
	switch {
	case IsUser(*s.profile):
		return j.userSubject(s)
	case generic(*s.profile):
		return j.namedSubject(s)
	}
	return j.fixedSubject(s)
}

// checkAttributes drops what no certificate here has, beside common name and organisations.
func (j *judgement) checkAttributes() {
	for _, a := range j.Request.CSR.Subject {
		switch {
		case a.Type == "CN" || a.Type == "O":
		case reservedPrefix(a.Value):
			j.refuseReserved(a.Type, a.Value)
		default:
			j.lose(LostAttribute, "%s=%s", a.Type, refusal.Quote(a.Value))
		}
	}
}

func (j *judgement) refuseReserved(kind, value string) {
	j.refuse(refusal.SubjectReserved, "subject."+kind, value, "only as the whole subject of its profile")
}

// fixedSubject is the profile's. A CSR that is called otherwise is held, since its certificate would be somebody
// else's; one that carries a reserved name of another profile is denied.
func (j *judgement) fixedSubject(s settled) subject {
	csr := j.Request.CSR.Subject
	commonName, organizations := s.profile.Subject(s.node)
	alike := slices.Contains(j.policy.looks(j.Request.CSR), s.profile.Name)
	if asked := csr.CommonName(); asked != commonName && asked != "" {
		if j.policy.reserved(asked) && !alike {
			j.refuseReserved("CN", asked)
		} else {
			j.refuse(refusal.ProfileSubject, "subject.CN", asked, fmt.Sprintf("%q", commonName))
			j.lose(LostCommonName, "%s", refusal.Quote(asked))
		}
	}
	if j.policy.own[s.profile.Name] && j.policy.reserved(commonName) { // "kube-{node}" of a node called apiserver
		j.refuseReserved("CN", commonName)
	}
	for _, o := range csr.Organizations() {
		switch {
		case slices.Contains(organizations, o):
		case j.policy.reserved(o) && !alike:
			j.refuseReserved("O", o)
		default:
			j.loseOrganization(o, s.profile)
		}
	}
	return subject{commonName, organizations, s.node != "" || !strings.Contains(s.profile.CommonName, "{node}")}
}

// loseOrganization: an organisation is a group to Kubernetes. One that means something there is a question; a company's
// name is dropped and said.
func (j *judgement) loseOrganization(o string, p *pki.Profile) {
	if !j.policy.reserved(o) && !j.policy.meansGroup(o) {
		j.lose(LostAttribute, "O=%s", refusal.Quote(o))
		return
	}
	j.lose(LostGroup, "%s", refusal.Quote(o))
	allowed := fmt.Sprintf("no O: %s has none in this release", p.Name)
	if len(p.Organizations) > 0 {
		allowed = fmt.Sprintf("%q", p.Organizations)
	}
	lost := refusal.New(refusal.GroupLost, "subject.O", o, allowed)
	switch {
	case slices.Contains(j.Override.WithoutGroups, o):
	case j.personNamed(p):
		j.found.Take(lost)
	default:
		j.ask(lost, "--without-group", o)
	}
}

// namedSubject is a server's or a peer's: verifiers that find no DNS name fall back on the common name, so it is one
// of the certificate's own names or none.
func (j *judgement) namedSubject(s settled) subject {
	csr := j.Request.CSR.Subject
	commonName := j.ownCommonName(s)
	if asked := csr.CommonName(); asked != "" && !strings.EqualFold(asked, commonName) {
		if j.policy.reserved(asked) {
			j.refuseReserved("CN", asked)
		}
		j.lose(LostCommonName, "%s", refusal.Quote(asked))
	}
	for _, o := range csr.Organizations() {
		if j.policy.reserved(o) {
			j.refuseReserved("O", o)
			continue
		}
		j.loseOrganization(o, s.profile)
	}
	return subject{commonName: commonName, whole: s.names.Len() > 0 || s.profile.Names != pki.RequiredNames}
}

// ownCommonName chooses among the certificate's names: the CSR's if it is one of them, else the first that may be one.
func (j *judgement) ownCommonName(s settled) string {
	names := slices.Clone(s.names.DNS)
	for _, ip := range s.names.IPs {
		names = append(names, ip.String())
	}
	names = slices.DeleteFunc(names, func(name string) bool { return !j.mayBeCalled(name, s) })
	asked := j.Request.CSR.Subject.CommonName()
	if ip, err := netip.ParseAddr(asked); err == nil {
		asked = ip.String()
	}
	for _, name := range names {
		if strings.EqualFold(name, asked) {
			return name
		}
	}
	if len(names) > 0 {
		return names[0]
	}
	return ""
}

// mayBeCalled: the common name of whoever may be a client is a user to Kubernetes and etcd. A DNS scope does not make
// users: a peer never takes the name of one that some scope here speaks of, nor a reserved one.
func (j *judgement) mayBeCalled(name string, s settled) bool {
	if utf8.RuneCountInString(name) > maxCommonName || j.policy.reserved(name) {
		return false
	}
	return !slices.Contains(s.profile.Usages, x509.ExtKeyUsageClientAuth) || !j.policy.meansUser(name)
}

// userSubject is a client's or a user's: common name and groups as asked, less the groups that a person leaves out.
// Reserved names are denied: no scope and no person puts one here.
func (j *judgement) userSubject(s settled) subject {
	csr := j.Request.CSR.Subject
	user := subject{commonName: csr.CommonName()}
	if j.policy.reserved(user.commonName) {
		j.refuseReserved("CN", user.commonName)
	}
	before, after, own := strings.Cut(s.profile.CommonName, userPlace)
	if own && !fits(user.commonName, before, after) {
		j.refuse(refusal.ProfileSubject, "subject.CN", user.commonName, fmt.Sprintf("%q", s.profile.CommonName))
		user.commonName = ""
	}
	literal := slices.DeleteFunc(slices.Clone(s.profile.Organizations), func(o string) bool { return o == groupsPlace })
	open := s.profile.Organizations == nil || len(literal) < len(s.profile.Organizations)
	user.organizations = append(user.organizations, literal...)
	for _, o := range csr.Organizations() {
		switch {
		case slices.Contains(literal, o):
		case j.policy.reserved(o):
			j.refuseReserved("O", o)
		case slices.Contains(j.Override.WithoutGroups, o):
			j.lose(LostGroup, "%s", refusal.Quote(o))
		case !open:
			j.loseOrganization(o, s.profile)
		case !slices.Contains(user.organizations, o):
			user.organizations = append(user.organizations, o)
		}
	}
	named := s.profile.CommonName == "" && s.names.Len() > 0 // a client may be called by its names alone
	if user.whole = user.commonName != "" || named; !user.whole {
		j.refuse(refusal.ProfileSubject, "subject.CN", "", "a user's name")
	}
	return user
}

// fits reports whether a user's name has an own profile's form, with something in the place of {user}.
func fits(commonName, before, after string) bool {
	return len(commonName) > len(before)+len(after) && strings.HasPrefix(commonName, before) &&
		strings.HasSuffix(commonName, after)
}

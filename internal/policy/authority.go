package policy

import (
	"unicode/utf8"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// AuthorityProfile is what the ledger and the screens call an authority below an issuer. No request can name it.
const AuthorityProfile = "authority"

// The validity of an authority, in days: below the issuers' own ten years.
const (
	authorityDays    = 1825
	authorityMaxDays = daysLimit
)

// decideAuthority judges a request for an authority below an issuer. Only a person's word leads here, so the outcome is
// hold at best. The request gives its key and its name; what the authority may sign is the person's to say.
func (j *judgement) decideAuthority(wish Authority) Decision {
	profile := &pki.Profile{
		Name: AuthorityProfile, Issuer: wish.Issuer, Usages: wish.Usages, Guarded: true,
		KeyTypes: pki.KubernetesKeyTypes(),
	}
	j.dropAuthority()
	s := settled{profile: profile, subject: j.authoritySubject()}
	for _, name := range j.Request.CSR.Names.Strings() {
		j.lose(LostName, "%s", refusal.Quote(name))
	}
	j.checkKey(profile)
	j.checkGuarded(profile)
	d := j.decision(s, nil)
	if d.plan != nil {
		limits := wish.Limits
		d.plan.Limits, d.plan.Days = &limits, authorityDays
		if j.Override.Days > 0 {
			d.plan.Days = min(j.Override.Days, authorityMaxDays)
		}
	}
	return d
}

// dropAuthority takes away what parsing held against a request for asking to be an authority: here it may.
func (j *judgement) dropAuthority() {
	var rest refusal.Findings
	for _, r := range j.found.List() {
		if r.Code != refusal.Authority {
			rest.Take(r)
		}
	}
	j.found = rest
}

// authoritySubject is the request's common name and organisations; nothing else is taken over.
func (j *judgement) authoritySubject() subject {
	j.checkAttributes()
	csr := j.Request.CSR.Subject
	name := csr.CommonName()
	switch {
	case name == "" || utf8.RuneCountInString(name) > maxCommonName || !printable(name):
		j.refuse(refusal.ProfileSubject, "subject.CN", name, "a name of at most 64 printable characters")
		return subject{}
	case j.policy.reserved(name):
		j.refuseReserved("CN", name)
	}
	for _, o := range csr.Organizations() {
		if j.policy.reserved(o) {
			j.refuseReserved("O", o)
		}
	}
	return subject{name, csr.Organizations(), true}
}

package policy

import (
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// Override is what a person asks in the request's place: the flags of approve and sign.
type Override struct {
	Profile string
	Node    string
	Names   pki.Names // beside those of the request
	Days    int
}

// Decision is what a request may become, with every reason. Its plan is signed only through a Grant.
type Decision struct {
	Outcome    refusal.Outcome
	Profile    *pki.Profile // nil where none could be told
	Candidates []string     // profiles that fit alike
	Requester  *Requester   // who vouches for it; nil for an unsigned request and an unknown key
	Refusals   []refusal.Refusal
	Dropped    []string // what was asked and the certificate will not have, quoted
	plan       *pki.Plan
}

// Plan is the certificate that would be signed; false where none can be.
func (d Decision) Plan() (pki.Plan, bool) {
	if d.plan == nil || d.Outcome == refusal.Deny {
		return pki.Plan{}, false
	}
	return *d.plan, true
}

// Decide judges a request by everything that is known at now. found is what parsing it held against it, trusts are the
// fingerprints that a cover may name.
func (p *Policy) Decide(r *request.Request, found []refusal.Refusal, trusts []string, o Override, now time.Time) Decision {
	if !r.Parsed() { // nobody vouches for what Parse did not make
		none := refusal.New(refusal.EntryNoRequest, "entry", "", "a request that was read from an entry")
		return Decision{Outcome: refusal.Deny, Refusals: append([]refusal.Refusal{none}, found...)}
	}
	j := &judgement{policy: p, request: r, override: o, now: now}
	j.refusals = append(j.refusals, found...)
	j.checkSigner()
	j.checkCover(trusts)
	j.chooseProfile()
	j.checkReserved()
	if j.profile != nil {
		j.checkSubject()
		j.checkUsages()
		j.checkKey()
		j.checkNode()
		j.checkNames()
		j.checkScope()
	}
	d := Decision{
		Outcome: refusal.Worst(j.refusals), Profile: j.profile, Candidates: j.candidates, Requester: j.requester,
		Refusals: j.refusals, Dropped: j.dropped,
	}
	if j.profile != nil && d.Outcome != refusal.Deny {
		d.plan = j.plan()
	}
	return d
}

// plan is the profile's certificate for this key: names as asked where the profile has names, nothing else of the CSR.
func (j *judgement) plan() *pki.Plan {
	days, most := j.policy.limits(j.profile.Name)
	if cover := j.request.Cover; cover != nil && cover.Days > 0 {
		days = cover.Days
	}
	if j.override.Days > 0 {
		days = j.override.Days
	}
	if days > most {
		j.drop("days %d: the policy allows %d", days, most)
		days = most
	}
	plan := &pki.Plan{
		Request: j.request.ID, Profile: j.profile.Name, Issuer: j.profile.Issuer, Usages: j.profile.Usages,
		Key: j.request.CSR.Key, Days: days, Backdate: j.policy.config.Certificates.Backdate,
	}
	plan.CommonName, plan.Organizations = j.profile.Subject(j.node)
	if generic(*j.profile) {
		plan.CommonName = j.request.CSR.Subject.CommonName()
	}
	if j.profile.Names != pki.NoNames {
		plan.Names = j.names
	}
	return plan
}

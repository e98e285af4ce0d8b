package policy

import (
	"strings"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// Input is all that a decision depends on beside the policy.
type Input struct {
	Request  *request.Request
	Found    []refusal.Refusal // what parsing the entry held against it
	Trusts   []string          // the trust fingerprints that a cover may name
	Override Override
	History  History
	Now      time.Time
}

// judgement is one request under consideration. What was asked does not change while it is judged; the steps add
// refusals and losses, take the results of earlier steps as parameters and return their own.
type judgement struct {
	Input
	policy    *Policy
	found     refusal.Findings // the asking side is given everything at once, up to its bound
	lost      []Loss
	questions []Question
}

// settled is what the steps agreed on.
type settled struct {
	profile   *pki.Profile
	requester *Requester
	node      string
	names     pki.Names
	subject   subject
}

// Decide judges a request by everything that is known at in.Now.
//
// The order is that of dependence. Who asks comes before the cover, which names the requester. The profile comes before
// everything that is held against it. The node comes before the names, since a profile may bring the node's; the names
// come before the subject, since a server's common name is one of them. The scope comes after them: it bounds what the
// steps before arrived at, and not what the request said. What the request replaces is compared with all of that.
func (p *Policy) Decide(in Input) Decision {
	if !in.Request.Parsed() { // nobody vouches for what Parse did not make
		none := refusal.New(refusal.EntryNoRequest, "entry", "", "a request that was read from an entry")
		return Decision{Outcome: refusal.Deny, Refusals: append([]refusal.Refusal{none}, in.Found...)}
	}
	j := &judgement{Input: in, policy: p}
	j.takeFound(in.Found)
	if in.Override.Authority != nil {
		return j.decideAuthority(*in.Override.Authority)
	}
	requester := j.settleRequester()
	j.checkCover(requester)
	choice := j.chooseProfile()
	if choice.profile == nil {
		d := j.decision(settled{requester: requester}, choice.candidates)
		d.ways = j.ways(d, settled{})
		return d
	}
	s := settled{profile: choice.profile, requester: requester}
	s.node = j.settleNode(s.profile)
	s.names = j.settleNames(s.profile, s.node)
	s.subject = j.settleSubject(s)
	j.checkUsages(s.profile)
	j.checkKey(s.profile)
	j.checkGuarded(s.profile)
	j.checkScope(s)
	d := j.decision(s, nil)
	if d.plan != nil {
		d = j.withRenewal(d, s)
	}
	d.ways = j.ways(d, s)
	return d
}

// withRenewal adds what the history makes of a decision that has a plan.
func (j *judgement) withRenewal(d Decision, s settled) Decision {
	r := j.settleRenewal(s, d.plan.Names.Strings(), d.plan.Subject())
	d.Replaces, d.Note, d.Again = r.replaces, r.note, r.again
	d.Refusals = j.found.List()
	d.Outcome = refusal.Worst(d.Refusals)
	return d
}

// takeFound takes over what parsing held against the entry, and what of it the certificate therefore loses.
func (j *judgement) takeFound(found []refusal.Refusal) {
	for _, r := range found {
		switch r.Code {
		case refusal.ProfileUsage: // one that the parser does not know
			j.loseUsage(strings.Trim(r.Asked, `"`), r)
			continue
		case refusal.NameForm, refusal.MicrosoftName:
			j.lose(LostName, "%s", r.Asked)
		}
		j.found.Take(r)
	}
}

func (j *judgement) decision(s settled, candidates []Candidate) Decision {
	d := Decision{Profile: s.profile, Candidates: candidates, Requester: s.requester}
	if s.profile != nil && s.subject.whole {
		d.plan = j.plan(s)
	}
	d.Refusals, d.Dropped, d.questions = j.found.List(), j.lost, j.questions
	d.Outcome = refusal.Worst(d.Refusals)
	return d
}

// plan is the profile's certificate for this key. Of the CSR it holds the key, and what the steps took over by name.
func (j *judgement) plan(s settled) *pki.Plan {
	return &pki.Plan{
		Request:       j.Request.ID,
		Profile:       s.profile.Name,
		Issuer:        s.profile.Issuer,
		CommonName:    s.subject.commonName,
		Organizations: s.subject.organizations,
		Names:         s.names,
		Usages:        s.profile.Usages,
		Key:           j.Request.CSR.Key,
		Days:          j.settleDays(s.profile),
		Backdate:      j.policy.config.Certificates.Backdate,
	}
}

// settleDays is the validity: the person's word, the cover's wish or the profile's own, never over the policy's limit.
func (j *judgement) settleDays(p *pki.Profile) int {
	days, most := j.policy.limits(p)
	if cover := j.Request.Cover; cover != nil && cover.Days > 0 {
		days = cover.Days
	}
	if j.Override.Days > 0 {
		days = j.Override.Days
	}
	if days > most {
		j.lose(LostDays, "%d: the policy allows %d", days, most)
		days = most
	}
	return days
}

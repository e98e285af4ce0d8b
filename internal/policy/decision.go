package policy

import (
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// Override is what a person says in the request's place or beside it: the flags of approve and sign.
type Override struct {
	Profile       string
	Node          string
	Names         pki.Names // beside those of the request
	Days          int
	WithoutGroups []string // groups that the person agrees to leave out
	WithoutUsages []string // usages that the person agrees to leave out, as pki.UsageNames prints them

	Authority *Authority // the person wants an authority below an issuer; nil for everything else
}

// Authority is what a person says of an authority to be signed.
type Authority struct {
	Issuer string
	Usages []x509.ExtKeyUsage // of all that it signs
	Limits pki.Limits
}

// Decision is what a request may become, with every reason. Its plan is signed only through a Grant.
type Decision struct {
	Outcome    refusal.Outcome
	Profile    *pki.Profile // nil where none could be determined
	Candidates []Candidate  // profiles that the request looks like, where none could be determined
	Requester  *Requester   // who vouches for it; nil for an unsigned request and an unknown key
	Refusals   []refusal.Refusal
	Dropped    []Loss    // what was asked and the certificate will not have
	Replaces   string    // fingerprint of the certificate that this one renews; "" for a first certificate
	Note       string    // for the log: why a Replaces line counts for nothing
	Again      time.Time // when a request that is held for its rate is to be decided again; else zero
	plan       *pki.Plan
	questions  []Question
	ways       []Candidate
}

// Candidate is a profile that a request looks like.
type Candidate struct {
	Profile string
	Flags   []string // of approve and sign: "--profile", "kube-apiserver", "--node", "NODE"
}

// Command is what approves the request under this profile. Words in capitals are for a person to fill in.
func (c Candidate) Command(id pki.ID) string {
	return strings.TrimSpace(fmt.Sprintf("ca-admin approve %s %s", id.Phone(), strings.Join(c.Flags, " ")))
}

// Ways are the commands that approve a held request as it is, by their flags: one for each profile that it looks like,
// else one for the profile that was determined. None where the decision is not to hold.
func (d Decision) Ways() []Candidate { return d.ways }

// The kinds of what a certificate may lose against its request.
const (
	LostGroup      = "group"
	LostUsage      = "usage"
	LostName       = "name"
	LostCommonName = "common name"
	LostAttribute  = "attribute"
	LostDays       = "days"
)

// Loss is one thing that was asked and that the certificate will not have.
type Loss struct {
	Kind  string `json:"kind"`
	Value string `json:"value"` // quoted to ASCII where it came from the exchange
}

// String is the loss on one line: kind, then value.
func (l Loss) String() string { return l.Kind + " " + l.Value }

// Question is a loss that only a person may accept, each by its own word.
type Question struct {
	Refusal refusal.Refusal
	Flag    string // of approve and sign, with its value as a shell takes it: "--without-group dev-team"
	value   string
}

// Accept is a person's word that what the question is about may be lost.
func (o Override) Accept(q Question) Override {
	if q.Refusal.Code == refusal.GroupLost {
		o.WithoutGroups = append(slices.Clip(o.WithoutGroups), q.value)
	} else {
		o.WithoutUsages = append(slices.Clip(o.WithoutUsages), q.value)
	}
	return o
}

// ask notes a loss that holds the request until a person accepts it by its own flag.
func (j *judgement) ask(r refusal.Refusal, flag, value string) {
	j.found.Take(r)
	j.questions = append(j.questions, Question{r, flag + " " + shellWord(value), value})
}

// shellWord quotes text of the exchange for a command line that a person may copy: plain words as they are, other
// printable ASCII in single quotes, anything else as a word to fill in.
func shellWord(s string) string {
	plain, printable := s != "", true
	for _, r := range s {
		printable = printable && r >= ' ' && r <= '~' && r != '\''
		plain = plain && (r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
			strings.ContainsRune("-._:/@+", r))
	}
	switch {
	case plain:
		return s
	case printable:
		return "'" + s + "'"
	}
	return "TEXT"
}

// Questions are the losses that the person has not accepted yet.
func (d Decision) Questions() []Question { return d.questions }

// ErrQuestion reports that a plan loses something that the person has not agreed to lose.
var ErrQuestion = errors.New("the certificate would lose what was asked for")

// Approvable says why a person cannot approve the decision as it is; nil where they can. The error wraps ErrQuestion
// where a flag is missing.
func (d Decision) Approvable() error {
	switch {
	case d.Outcome == refusal.Deny || d.plan == nil:
		return fmt.Errorf("nothing can be approved: %s", d.Outcome)
	case len(d.questions) > 0:
		q := d.questions[0].Refusal
		return fmt.Errorf("%w: %s %s", ErrQuestion, q.Field, q.Asked)
	}
	return nil
}

// Plan is the certificate that would be signed; false where none can be.
func (d Decision) Plan() (pki.Plan, bool) {
	if d.plan == nil || d.Outcome == refusal.Deny {
		return pki.Plan{}, false
	}
	return *d.plan, true
}

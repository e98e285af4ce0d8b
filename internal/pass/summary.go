package pass

import (
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// Progress is called with the number of answered entries and the number of entries at the start of the pass.
type Progress func(done, total int)

// Summary is what one pass did, counted by entries.
type Summary struct {
	Issued, Held, Denied int // newly decided
	Repeated             int // answered as before, under this or another name
	Incomplete           int // still being written
	Left                 int // not answered: too many wait already, the clock, an error; see the log
	Moved                int // without a legal name, moved to rejected/
	Reports              int // of hosts, taken
	CRLsOwed             int // due, and the issuer's key is not at hand
	Took                 time.Duration
}

// Answered is how many entries got an answer.
func (s Summary) Answered() int { return s.Issued + s.Held + s.Denied + s.Repeated }

// count changes the summary; stages run beside each other.
func (p *pass) count(change func(*Summary)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(&p.sum)
	if p.Progress != nil {
		p.Progress(p.sum.Answered(), p.total)
	}
}

// tally counts an answered entry and logs what was newly decided: also what the certificate does not have of what was
// asked, and under which name the answer is where that is not the entry's.
func (p *pass) tally(d decided, answer string) {
	p.count(func(s *Summary) {
		switch {
		case d.repeat, d.recovered != nil:
			s.Repeated++
		case d.outcome == refusal.Issue:
			s.Issued++
		case d.outcome == refusal.Hold:
			s.Held++
		default:
			s.Denied++
		}
	})
	if d.repeat {
		return
	}
	if !d.decision.Again.IsZero() {
		p.memory.rateAgain(d.decision.Again)
	}
	if d.recovered != nil {
		p.Log.Info("answered with a recovered certificate", "request", d.id.Short(), "serial", d.recovered.Serial,
			"entry", refusal.Quote(d.arrival.entry.File))
		return
	}
	attrs := []any{"request", d.id.Short(), "profile", profileName(d), "entry", refusal.Quote(d.arrival.entry.File)}
	if d.certificate != nil {
		leaf := d.certificate.Leaf
		attrs = append(attrs, "serial", pki.SerialHex(leaf.SerialNumber), "notAfter",
			leaf.NotAfter.UTC().Format("2006-01-02"))
		if d.certificate.Shortened {
			attrs = append(attrs, "shortened", "to the issuer's end")
		}
	} else {
		attrs = append(attrs, "reason", refusal.Reason(d.refusals))
	}
	for _, lost := range d.decision.Dropped {
		attrs = append(attrs, "lost", lost.String())
	}
	if d.decision.Note != "" {
		attrs = append(attrs, "note", d.decision.Note)
	}
	if answer != "" && answer != d.arrival.entry.Name {
		attrs = append(attrs, "answer", refusal.Quote(answer))
	}
	p.Log.Info(verbs[d.outcome], attrs...)
}

// verbs are the log's words for an outcome.
var verbs = map[refusal.Outcome]string{refusal.Issue: "issued", refusal.Hold: "held", refusal.Deny: "denied"}

func profileName(d decided) string {
	if d.decision.Profile != nil {
		return d.decision.Profile.Name
	}
	return ""
}

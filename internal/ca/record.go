package ca

import (
	"context"
	"errors"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// What unsigned and unknown askers may hold open (P12): beyond it entries stay where they are.
const (
	pressureRows  = 1000
	pressureBytes = 16 << 20
)

// recordAttempts bounds how often a batch is decided again because another process was first.
const recordAttempts = 5

// outgoing is a recorded request with the files it is answered by. It exists only once the ledger has it.
type outgoing struct {
	certified
	answers []ledger.Answer
	files   []inbox.File
	stale   []inbox.File // notices that the answer replaces
}

// record writes batches to the ledger. Nothing goes on to the outbox that is not durable here first.
func (p *pass) record(ctx context.Context, from <-chan []certified, to chan<- []outgoing) error {
	for batch := range from {
		ready, err := p.recordBatch(ctx, batch)
		if err != nil {
			return err
		}
		if err := send(ctx, to, ready); err != nil {
			return err
		}
	}
	return nil
}

func (p *pass) recordBatch(ctx context.Context, batch []certified) ([]outgoing, error) {
	for attempt := 1; ; attempt++ {
		ready, changes, err := p.prepare(ctx, batch)
		if err == nil && len(changes) > 0 {
			err = p.ledger.Record(ctx, changes)
		}
		if err == nil {
			return ready, nil
		}
		if attempt == recordAttempts || ctx.Err() != nil {
			return nil, err
		}
		if !errors.Is(err, ledger.ErrConflict) {
			// After an I/O error only the disk knows what was written: open it again and ask.
			p.warnOnce("ledger", "writing the ledger; opening it again", err)
			if err := p.ledger.Reopen(); err != nil {
				return nil, err
			}
		}
		if batch, err = p.redecide(ctx, batch); err != nil {
			return nil, err
		}
	}
}

// redecide judges a batch again from what was examined: the ledger is not what it was.
func (p *pass) redecide(ctx context.Context, batch []certified) ([]certified, error) {
	again := make([]examined, len(batch))
	for i, c := range batch {
		again[i] = c.examined
		again[i].id = c.flight
	}
	decisions, err := p.decide(ctx, again)
	if err != nil {
		return nil, err
	}
	return p.sign(ctx, decisions), nil
}

// prepare names the answers of a batch and puts its rows together.
func (p *pass) prepare(ctx context.Context, batch []certified) ([]outgoing, []ledger.Change, error) {
	names, err := p.names(ctx, batch)
	if err != nil {
		return nil, nil, err
	}
	rows, bytes, err := p.ledger.Pressure(ctx)
	if err != nil {
		return nil, nil, err
	}
	ready := make([]outgoing, 0, len(batch))
	changes := make([]ledger.Change, 0, len(batch))
	for _, c := range batch {
		if c.outcome == refusal.Hold && !c.repeat && c.decision.Requester == nil && c.known.Status != ledger.Held {
			if rows >= pressureRows || bytes+int64(len(c.bytes)) > pressureBytes {
				p.leave(c)
				continue
			}
			rows, bytes = rows+1, bytes+int64(len(c.bytes))
		}
		out, change, err := p.step(ctx, c, names)
		if err != nil {
			return nil, nil, err
		}
		ready = append(ready, out)
		if change != nil {
			changes = append(changes, *change)
		}
	}
	return ready, changes, nil
}

func (p *pass) leave(c certified) {
	p.land(c.flight)
	p.count(func(s *Summary) { s.Left++ })
	p.warnOnce("pressure", "leaving entries where they are", errPressure)
}

var errPressure = errors.New("unsigned requests fill the pending list: approve or deny some of them")

// step is one request's change and the files that follow from it.
func (p *pass) step(ctx context.Context, c certified, names *naming) (outgoing, *ledger.Change, error) {
	out := outgoing{certified: c}
	change := &ledger.Change{Request: c.known, OnlyAnswers: true}
	content, status := []byte(nil), c.known.Status
	var err error
	if c.repeat {
		if content, err = p.ledger.Content(ctx, c.known); err != nil {
			return out, nil, err
		}
	} else {
		if *change, err = p.change(c); err != nil {
			return out, nil, err
		}
		content, status = change.Notice, change.Request.Status
		if change.Certificate != nil {
			content = change.AnswerPEM
		}
	}
	if !c.again {
		answer, owned := names.answer(c.address, c.id)
		out.answers = append(out.answers, answer)
		if !owned {
			change.Answers = append(change.Answers, answer)
		}
	}
	if c.known.Version > 0 && !c.repeat {
		if err := p.elsewhere(ctx, &out, change); err != nil {
			return out, nil, err
		}
	}
	for i, a := range out.answers {
		out.answers[i].Version = c.known.Version
		if !c.repeat {
			out.answers[i].Version++ // the one that is about to be written
		}
		out.files = append(out.files, inbox.File{Team: a.Team, Name: a.Name + suffixOf(status), Bytes: content})
		if c.known.Version > 0 && !c.repeat {
			out.stale = append(out.stale, staleNotices(a, status)...)
		}
	}
	if change.OnlyAnswers && len(change.Answers) == 0 {
		return out, nil, nil
	}
	return out, change, nil
}

// elsewhere adds the other names on this exchange under which the request was asked: they get the new answer, too.
// Names on other exchanges are marked unpublished, for the pass that sees them.
func (p *pass) elsewhere(ctx context.Context, out *outgoing, change *ledger.Change) error {
	for a, err := range p.ledger.AnswersFor(ctx, out.id) {
		if err != nil {
			return err
		}
		if len(out.answers) > 0 && a.Address == out.answers[0].Address {
			continue
		}
		change.Answers = append(change.Answers, a)
		if a.Exchange == p.x.ID {
			out.answers = append(out.answers, a)
		}
	}
	return nil
}

func suffixOf(s ledger.Status) string {
	switch s {
	case ledger.Issued:
		return inbox.CertificateSuffix
	case ledger.Denied:
		return inbox.DeniedSuffix
	}
	return inbox.HeldSuffix
}

// staleNotices are what an answer replaces: certificate over denial over hold.
func staleNotices(a ledger.Answer, now ledger.Status) []inbox.File {
	var stale []inbox.File
	for _, s := range []ledger.Status{ledger.Held, ledger.Denied} {
		if s != now {
			stale = append(stale, inbox.File{Team: a.Team, Name: a.Name + suffixOf(s)})
		}
	}
	return stale
}

// change is a newly decided request as the ledger keeps it.
func (p *pass) change(c certified) (ledger.Change, error) {
	now := p.Now().UTC().Truncate(time.Second)
	r := requestRow(c.examined, c.known, now)
	r.Refusals = c.refusals
	if requester := c.decision.Requester; requester != nil {
		r.Requester, r.Authenticated = requester.Name, true
	}
	if c.decision.Profile != nil {
		r.Profile = c.decision.Profile.Name
	}
	change := ledger.Change{Request: r}
	if c.known.Version == 0 && c.outcome != refusal.Deny || c.outcome == refusal.Hold {
		change.Entry = c.bytes
	}
	if c.outcome == refusal.Issue {
		issuedRow(&change, c.plan, c.certificate, now, nil)
		return change, nil
	}
	return change, refusedRow(&change, c.outcome, now, nil)
}

// requestRow is what an examined arrival says of itself; the status is filled in by issuedRow or refusedRow.
func requestRow(e examined, known ledger.Request, now time.Time) ledger.Request {
	r := ledger.Request{ID: e.id, Kind: ledger.KindRequest, Version: known.Version, Serial: known.Serial, Name: e.entry.Name, Size: len(e.bytes), Received: now, Decided: now}
	switch {
	case e.refused != nil:
		r.Kind = ledger.KindUnread
	case e.request == nil || e.id != e.request.ID:
		r.Kind = ledger.KindRefused
	}
	if known.Version > 0 {
		r.Name, r.Received = known.Name, known.Received
	}
	if e.request == nil {
		return r
	}
	r.KeyFingerprint = e.request.CSR.Fingerprint
	r.Subject = e.request.CSR.Subject.String()
	r.Names = e.request.CSR.Names.Strings()
	if e.request.Cover != nil {
		r.Node, r.Profile = e.request.Cover.Node, e.request.Cover.Profile
	}
	if e.request.Signature != nil {
		r.SSHFingerprint = e.request.Signature.Fingerprint()
	}
	return r
}

// issuedRow completes a change with its certificate.
func issuedRow(change *ledger.Change, plan pki.Plan, certificate *pki.Certificate, now time.Time, by map[string]string) {
	leaf := certificate.Leaf
	r := &change.Request
	r.Status, r.Reason, r.Profile, r.Refusals = ledger.Issued, "Issued", plan.Profile, nil
	r.Serial = pki.SerialHex(leaf.SerialNumber)
	key := r.KeyFingerprint
	change.AnswerPEM = certificate.Answer()
	change.Certificate = &ledger.Certificate{
		Serial: r.Serial, Request: r.ID, Profile: plan.Profile, Subject: plan.Subject(), Names: plan.Names.Strings(), Issuer: plan.Issuer,
		NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter, Status: "Issued", Requester: r.Requester,
		Fingerprint: pki.Fingerprint(leaf), KeyFingerprint: key,
	}
	detail := map[string]string{"profile": plan.Profile, "fingerprint": change.Certificate.Fingerprint}
	if certificate.Shortened {
		detail["shortened"] = "to the issuer's end"
	}
	change.Event = event(ledger.EventIssued, r, now, detail, by)
}

// refusedRow completes a change with its notice.
func refusedRow(change *ledger.Change, outcome refusal.Outcome, now time.Time, by map[string]string) (err error) {
	r := &change.Request
	kind := ledger.EventHeld
	r.Status = ledger.Held
	if outcome == refusal.Deny {
		r.Status, kind = ledger.Denied, ledger.EventDenied
	}
	r.Reason = refusal.Reason(r.Refusals)
	change.Notice, err = refusal.Notice{
		Request: r.ID.String(), Status: string(r.Status), Reason: r.Reason, Message: refusal.Message(r.Refusals), Refusals: r.Refusals, Time: now,
	}.Encode()
	change.Event = event(kind, r, now, map[string]string{"reason": r.Reason}, by)
	return err
}

func event(kind string, r *ledger.Request, now time.Time, detail, by map[string]string) *ledger.Event {
	for key, value := range by {
		detail[key] = value
	}
	return &ledger.Event{Time: now, Kind: kind, Request: r.ID.String(), Serial: r.Serial, Detail: detail}
}

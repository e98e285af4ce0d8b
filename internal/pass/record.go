package pass

import (
	"context"
	"crypto/sha256"
	"errors"
	"path"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/refusal"
)

// recordAttempts bounds how often a batch is decided again because another process was first.
const recordAttempts = 5

// recorded is a batch that the ledger has: the requests whose entries may go once their answers lie in the outbox.
type recorded struct {
	requests []decided
	answers  []answered
}

// answered is what the outbox is to have of one request. The ledger has it already: record makes it for what came,
// owed for what the ledger says is missing.
type answered struct {
	answers []ledger.Answer
	files   []inbox.File // one for each answer
	stale   []inbox.File // notices that the answers replace

	moved      []ledger.Answer // of the request that had the name before
	movedFiles []inbox.File
}

// name is that of the answer to the entry that came now, "" where it was decided again from the ledger.
func (a answered) name() string {
	if len(a.answers) == 0 {
		return ""
	}
	return a.answers[0].Name
}

// reopenAfter makes the ledger fit for another attempt. After an I/O error only the disk knows what was written.
func (p *pass) reopenAfter(err error) error {
	if errors.Is(err, ledger.ErrConflict) {
		return nil
	}
	p.warnOnce("writing the ledger; opening it again", err)
	return p.Ledger().Reopen()
}

// prepare names the answers of a batch and builds its rows.
func (p *pass) prepare(ctx context.Context, batch []decided) (ready recorded, changes []ledger.Change, err error) {
	names, err := p.names(ctx, batch)
	if err != nil {
		return ready, nil, err
	}
	rows, size, err := p.Ledger().Pressure(ctx)
	if err != nil {
		return ready, nil, err
	}
	for _, d := range batch {
		if d.deniesStranger() && !p.memory.mayDeny(p.Now()) {
			p.note(tooManyDenials, path.Join(d.arrival.entry.Team, d.arrival.entry.File), nil)
			p.leave(d)
			continue
		}
		if copied, err := p.copiedTooOften(ctx, d, names); err != nil {
			return ready, nil, err
		} else if copied {
			p.note(tooManyCopies, path.Join(d.arrival.entry.Team, d.arrival.entry.File), nil)
			p.leave(d)
			continue
		}
		if d.presses() {
			if rows >= heldRows || size+int64(len(d.arrival.bytes)) > heldBytes {
				p.land(d)
				p.leaveForRoom(d.arrival)
				continue
			}
			rows, size = rows+1, size+int64(len(d.arrival.bytes))
		}
		answer, more, err := p.step(ctx, d, names)
		if err != nil {
			return ready, nil, err
		}
		ready.requests, ready.answers = append(ready.requests, d), append(ready.answers, answer)
		changes = append(changes, more...)
	}
	return ready, changes, nil
}

// step is what the ledger is to record of one request (nothing where it is only repeated under its name), and the files
// that follow from it.
func (p *pass) step(ctx context.Context, d decided, names *naming) (out answered, changes []ledger.Change, err error) {
	change, content, err := p.change(ctx, d)
	if err != nil {
		return out, nil, err
	}
	if !d.arrival.again {
		place := names.place(d)
		out.answers = append(out.answers, place.answer)
		if !place.owned {
			change.Answers = append(change.Answers, place.answer)
		}
		if place.moved != nil {
			yielding, err := p.yield(ctx, d, place, &out)
			if err != nil {
				return out, nil, err
			}
			changes = append(changes, yielding)
		}
	}
	renewed := d.known.Recorded() && !d.repeat // an answer that was published is replaced by another
	if renewed {
		if err := p.elsewhere(ctx, d, &out, &change); err != nil {
			return out, nil, err
		}
	}
	status := change.Request.Status
	for i, a := range out.answers {
		out.answers[i].Version = d.known.Version
		if !d.repeat {
			out.answers[i].Version++ // the one that is about to be written
		}
		out.files = append(out.files, inbox.File{Team: a.Team, Name: a.Name + suffixOf(status), Bytes: content})
		if renewed || i == 0 && len(out.moved) > 0 { // the other answers' notices have other names
			out.stale = append(out.stale, staleNotices(a, status)...)
		}
	}
	if change.OnlyAnswers && len(change.Answers) == 0 {
		return out, changes, nil
	}
	return out, append(changes, change), nil
}

// yield moves the answer that had a name beside it. A predecessor that was still held is superseded: its successor is
// what its requester wants.
func (p *pass) yield(ctx context.Context, d decided, place placed, out *answered) (ledger.Change, error) {
	old := place.row
	change := ledger.Change{Request: old, OnlyAnswers: true, Answers: []ledger.Answer{*place.moved}}
	content, err := p.Ledger().Content(ctx, old)
	if isArchived(err) {
		return change, nil // it has ended: its name goes to the new answer, and no file moves
	}
	if err != nil {
		return ledger.Change{}, err
	}
	place.moved.Version = old.Version
	if old.Status == ledger.Held && d.succeeds(old) {
		change.Supersede(d.id, p.Now())
		place.moved.Version++
	}
	out.moved = append(out.moved, *place.moved)
	out.movedFiles = append(out.movedFiles, inbox.File{
		Team: place.moved.Team, Name: place.moved.Name + suffixOf(old.Status), Bytes: content,
	})
	return change, nil
}

// change is a request as the ledger is to keep it, and the bytes of its answer. A repeated answer's are those recorded.
func (p *pass) change(ctx context.Context, d decided) (change ledger.Change, content []byte, err error) {
	if d.repeat {
		content, err = p.Ledger().Content(ctx, d.known)
		return ledger.Change{Request: d.known, OnlyAnswers: true}, content, err
	}
	arrived := ledger.Arrived{
		ID: d.id, Kind: d.kind, Name: d.arrival.entry.Name, Size: len(d.arrival.bytes),
		Request: d.arrival.request, At: p.Now(),
	}
	change.Request = arrived.Row(d.known)
	change.Request.Refusals = d.refusals
	if requester := d.decision.Requester; requester != nil {
		change.Request.Requester, change.Request.Authenticated = requester.Name, true
	}
	if d.decision.Profile != nil {
		change.Request.Profile = d.decision.Profile.Name
	}
	if d.outcome == refusal.Hold || d.known.Version == 0 && d.outcome == refusal.Issue {
		change.Entry = d.arrival.bytes
	}
	if d.recovered != nil {
		change.Link(*d.recovered)
		content, err = p.Ledger().Content(ctx, ledger.Request{ID: d.recovered.Request, Status: ledger.Issued})
		return change, content, err
	}
	if d.outcome == refusal.Issue {
		change.Issue(d.plan, d.certificate, nil)
		change.Certificate.Replaces = d.decision.Replaces
		return change, d.certificate.Answer(), nil
	}
	asked := ledger.Asked{Request: d.arrival.id, Bytes: sha256.Sum256(d.arrival.bytes)}
	if d.outcome == refusal.Hold {
		for _, lost := range d.decision.Dropped {
			asked.Lost = append(asked.Lost, lost.String())
		}
	}
	err = change.Refuse(d.outcome, asked, nil)
	return change, change.Notice, err
}

// elsewhere adds the other names on this exchange under which the request was asked: they get the new answer, too.
// Names on other exchanges are marked unpublished, for the pass that sees them.
func (p *pass) elsewhere(ctx context.Context, d decided, out *answered, change *ledger.Change) error {
	for a, err := range p.Ledger().AnswersFor(ctx, d.id) {
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

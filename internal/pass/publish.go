package pass

import (
	"context"
	"fmt"
	"path"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// publish puts answers into the outbox durably, and the ledger's head after them in the same batch; takes the notices
// away that they replace, and notes in the ledger that they are there. missing reports of each whether one of its
// files is not there: it stays owed, its entry stays.
func (p *pass) publish(ctx context.Context, batch []answered) (missing []bool, err error) {
	var files []inbox.File
	for _, a := range batch {
		// An answer that moves is there under its new name before its old one is replaced.
		files = append(append(files, a.movedFiles...), a.files...)
	}
	head, sequence, changed, err := p.headFile(ctx)
	if err != nil {
		return nil, err
	}
	if changed {
		files = append(files, head)
	}
	outcomes, err := p.x.Publish(files, func(_ inbox.File, have []byte) bool { return p.ours(ctx, have) })
	if err != nil {
		return nil, fmt.Errorf("publishing: %w", err)
	}
	missing = make([]bool, len(batch))
	var there []ledger.Answer
	take := func(i int, answers []ledger.Answer, files []inbox.File, stale []inbox.File) {
		for n, answer := range answers {
			if !p.isThere(files[n], outcomes[n]) {
				missing[i] = true
				continue
			}
			there = append(there, answer)
			p.removeStale(answer, stale)
		}
		outcomes = outcomes[len(files):]
	}
	for i, a := range batch {
		take(i, a.moved, a.movedFiles, nil)
		take(i, a.answers, a.files, a.stale)
	}
	if changed && p.isThere(head, outcomes[0]) {
		p.published = sequence
	}
	late, err := p.Ledger().MarkPublished(ctx, there)
	if err == nil && late > 0 {
		// A person decided otherwise while this was published: the last word goes out, and takes the place of this one.
		err = p.publishOwed(ctx)
	}
	return missing, err
}

// ours reports whether what lies on an answer's name was published by this CA before: a certificate or a notice of a
// request in the ledger. Such a file is replaced without an alarm.
func (p *pass) ours(ctx context.Context, have []byte) bool {
	if chain, err := pki.ParseCertificates(have); err == nil {
		_, known, err := p.Ledger().CertificateByFingerprint(ctx, pki.Fingerprint(chain[0]))
		return known && err == nil
	}
	notice, err := refusal.ParseNotice(have)
	if err != nil {
		return false
	}
	id, err := pki.ParseID(notice.Request)
	if err != nil {
		return false
	}
	known, err := p.Ledger().Lookup(ctx, []pki.ID{id})
	return err == nil && known[id].Recorded()
}

// isThere reports what was in the way of a file, and whether the file is there now.
func (p *pass) isThere(f inbox.File, o inbox.Outcome) bool {
	if o.Foreign != "" {
		p.Log.Warn("a foreign file on an answer's name was "+o.Fate.String(), "file",
			refusal.Quote(path.Join(f.Team, f.Name)))
	}
	if o.Err != nil {
		p.note(notPublishable, path.Join(f.Team, f.Name), o.Err)
	}
	return o.Err == nil
}

// removeStale takes the notices away that an answer replaces.
func (p *pass) removeStale(a ledger.Answer, stale []inbox.File) {
	for _, f := range stale {
		if f.Team != a.Team || f.Name != a.Name+inbox.HeldSuffix && f.Name != a.Name+inbox.DeniedSuffix {
			continue
		}
		if err := p.x.RemoveAnswer(f.Team, f.Name); err != nil {
			p.note(staleNotice, path.Join(f.Team, f.Name), err)
		}
	}
}

package ca

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// The ledger's settings that this package keeps.
const (
	trustsSetting = "trusts" // trust fingerprints, the present one first, separated by blanks
	rulesSetting  = "rules"  // digest of the rules that held requests were last judged by
)

// clockTolerance is how far behind the last record the clock may be: NTP steps, no more.
const clockTolerance = 5 * time.Minute

func splitTrusts(setting string) []string { return strings.Fields(setting) }

func rememberTrust(l *ledger.Ledger, fingerprint string) error {
	return l.Remember(context.Background(), trustsSetting, fingerprint, nil)
}

// checkClock stops a CA whose clock went back: it would backdate certificates, and order records wrongly.
func (c *CA) checkClock(ctx context.Context) error {
	head, err := c.ledger.Head(ctx)
	if err != nil {
		return err
	}
	if now := c.Now(); head.Time.After(now.Add(clockTolerance)) {
		return fmt.Errorf("%w: it is %s, the last record is of %s", ErrClock, now.UTC().Format(time.RFC3339), head.Time.Format(time.RFC3339))
	}
	return nil
}

// AcceptClock records that a person says the clock is right.
func (c *CA) AcceptClock(ctx context.Context) error {
	return c.ledger.Append(ctx, ledger.Event{Time: c.Now(), Kind: ledger.EventClockAccepted, Detail: person()})
}

// recover brings an exchange to where the ledger says it is: what a killed process had taken aside is put back, the
// issuers are there, what was recorded is published.
func (p *pass) recover(ctx context.Context) error {
	if p.memory.due(p.Now()) {
		p.tidy()
	}
	if err := p.CA.publishTrust(p.x, p.Log.Warn); err != nil {
		return err
	}
	return p.publishOwed(ctx)
}

// tidy puts back and clears away what killed processes left on the exchange.
func (p *pass) tidy() {
	back, err := p.x.Recover(p.Now())
	if err != nil {
		p.warnOnce("recover", "putting entries back", err)
	}
	if back > 0 {
		p.Log.Info("entries that a stopped process had taken aside were put back", "entries", back)
	}
	if err := errors.Join(p.x.Sweep(p.Now()), p.dir.Sweep(p.Now(), inbox.SweepAge)); err != nil {
		p.warnOnce("sweep", "removing old temporary files", err)
	}
}

// publishTrust puts the issuers' certificates into the outbox, and puts them back where somebody changed them.
func (c *CA) publishTrust(x *inbox.Exchange, warn func(string, ...any)) error {
	files := []inbox.File{{Name: "issuers.pem", Bytes: pki.EncodeTrust(c.trust.Authorities)}}
	for _, a := range c.trust.Authorities {
		files = append(files, inbox.File{Name: a.Name + inbox.CertificateSuffix, Bytes: a.Anchor()})
	}
	for _, f := range files {
		before, err := x.ReadAnswer("", f.Name)
		if err != nil {
			return err
		}
		changed, err := x.Ensure(f)
		if err != nil {
			return fmt.Errorf("publishing %q: %w", f.Name, err)
		}
		if changed && before.State != inbox.Gone {
			warn("a changed file in the outbox was restored", "file", f.Name)
		}
	}
	return nil
}

// publishOwed publishes what is recorded and not yet known to lie in the outbox.
func (p *pass) publishOwed(ctx context.Context) error {
	batch := make([]ledger.Answer, 0, batchSize)
	for a, err := range p.ledger.Owed(ctx, p.x.ID) {
		if err != nil {
			return err
		}
		if batch = append(batch, a); len(batch) == batchSize {
			if err := p.publishAnswers(ctx, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	return p.publishAnswers(ctx, batch)
}

func (p *pass) publishAnswers(ctx context.Context, answers []ledger.Answer) error {
	o, err := p.published(ctx, answers)
	if err != nil || len(answers) == 0 {
		return err
	}
	return p.publish(ctx, []outgoing{o})
}

// published is what the ledger says the outbox should have of some answers.
func (p *pass) published(ctx context.Context, answers []ledger.Answer) (o outgoing, err error) {
	requests, err := p.ledger.Lookup(ctx, requestsOf(answers))
	if err != nil {
		return o, err
	}
	o.answers = answers
	for i, a := range answers {
		r := requests[a.Request]
		answers[i].Version = r.Version
		content, err := p.ledger.Content(ctx, r)
		if err != nil {
			return o, err
		}
		o.files = append(o.files, inbox.File{Team: a.Team, Name: a.Name + suffixOf(r.Status), Bytes: content})
		o.stale = append(o.stale, staleNotices(a, r.Status)...)
	}
	return o, nil
}

func requestsOf(answers []ledger.Answer) []pki.ID {
	ids := make([]pki.ID, len(answers))
	for i, a := range answers {
		ids[i] = a.Request
	}
	return ids
}

// Repair brings an exchange's outbox to what the ledger says: every answer that is missing or altered is put back, and
// the issuers. Certificates that have ended stay away. It says how many it put back, and of how many.
func (c *CA) Repair(ctx context.Context, x *inbox.Exchange) (restored, all int, err error) {
	if err := c.publishTrust(x, c.Log.Warn); err != nil {
		return 0, 0, err
	}
	p := c.newPass(x, nil)
	var batch []ledger.Answer
	flush := func() error {
		n, err := p.restore(ctx, batch)
		restored, batch = restored+n, batch[:0]
		return err
	}
	for a, err := range c.ledger.Answers(ctx, x.ID) {
		if err != nil {
			return restored, all, err
		}
		all++
		if batch = append(batch, a); len(batch) == batchSize {
			if err := flush(); err != nil {
				return restored, all, err
			}
		}
	}
	return restored, all, flush()
}

// restore publishes those of a batch that do not lie in the outbox as they should.
func (p *pass) restore(ctx context.Context, answers []ledger.Answer) (restored int, err error) {
	certificates, err := p.ledger.CertificatesFor(ctx, requestsOf(answers))
	if err != nil {
		return 0, err
	}
	o, err := p.published(ctx, answers)
	if err != nil {
		return 0, err
	}
	missing := outgoing{stale: o.stale}
	for i, f := range o.files {
		certificate, issued := certificates[answers[i].Request]
		if issued && p.Now().After(certificate.NotAfter) {
			continue
		}
		have, err := p.x.ReadAnswer(f.Team, f.Name)
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(have.Bytes, f.Bytes) {
			missing.files, missing.answers = append(missing.files, f), append(missing.answers, answers[i])
		}
	}
	if len(missing.files) == 0 {
		return 0, nil
	}
	return len(missing.files), p.publish(ctx, []outgoing{missing})
}

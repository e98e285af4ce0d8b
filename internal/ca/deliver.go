package ca

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// deliver publishes what the ledger has, and then removes the entries. A crash anywhere leaves entries that get the
// same answer again.
func (p *pass) deliver(ctx context.Context, from <-chan []outgoing) error {
	for batch := range from {
		if err := p.publish(ctx, batch); err != nil {
			return err
		}
		if err := p.remove(batch); err != nil {
			return err
		}
		for _, o := range batch {
			p.land(o.flight)
			p.tally(o)
		}
	}
	return nil
}

func (p *pass) publish(ctx context.Context, batch []outgoing) error {
	var files, stale []inbox.File
	var answers []ledger.Answer
	for _, o := range batch {
		files, stale, answers = append(files, o.files...), append(stale, o.stale...), append(answers, o.answers...)
	}
	if err := p.x.Publish(files, p.movedAside); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	for _, f := range stale {
		if err := p.x.RemoveAnswer(f.Team, f.Name); err != nil {
			return fmt.Errorf("removing a notice: %w", err)
		}
	}
	late, err := p.ledger.MarkPublished(ctx, answers)
	if err == nil && late > 0 {
		// A person decided otherwise while this was published: the last word goes out, and takes the place of this one.
		err = p.publishOwed(ctx)
	}
	return err
}

func (p *pass) movedAside(f inbox.File) {
	p.Log.Warn("a foreign file on an answer's name was moved to rejected/", "file", refusal.Quote(f.Team+"/"+f.Name))
}

// remove takes answered entries away; each inbox is synced once.
func (p *pass) remove(batch []outgoing) error {
	teams := map[string]bool{}
	for _, o := range batch {
		if o.again {
			continue
		}
		err := p.removeOne(o)
		switch {
		case errors.Is(err, inbox.ErrReadOnly), errors.Is(err, inbox.ErrRejectedFull):
			p.keepEntry(o.entry)
			p.warnOnce("inbox", "leaving answered entries where they are", err)
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fmt.Errorf("removing an answered entry: %w", err)
		default:
			teams[o.entry.Team] = true
		}
	}
	for team := range teams {
		if err := p.x.SyncInbox(team); err != nil {
			return err
		}
	}
	return nil
}

// removeOne: what holds no request is moved aside unchanged, a private key is wiped from the exchange, the rest has
// been answered and goes.
func (p *pass) removeOne(o outgoing) error {
	switch code := firstDenial(o); {
	case code == refusal.EntryPrivateKey:
		if keys := request.PrivateKeyFingerprints(o.bytes); len(keys) > 0 {
			if err := p.block(keys); err != nil {
				return err
			}
		}
		p.Log.Warn("an entry held a private key: it was removed, and the key is blocked", "entry", refusal.Quote(o.entry.File))
		return p.x.Remove(o.entry, o.bytes)
	case strings.HasPrefix(string(code), "entry-"):
		return p.x.Reject(o.entry)
	}
	return p.x.Remove(o.entry, o.bytes)
}

func firstDenial(o outgoing) refusal.Code {
	for _, r := range o.refusals {
		if o.request == nil && r.Code.Outcome() == refusal.Deny {
			return r.Code
		}
	}
	return ""
}

func (p *pass) keepEntry(e inbox.Entry) {
	if c, err := p.x.Read(e); err == nil {
		p.memory.keep(e, c.Stat)
	}
}

func (p *pass) tally(o outgoing) {
	p.count(func(s *Summary) {
		switch {
		case o.repeat:
			s.Repeated++
		case o.outcome == refusal.Issue:
			s.Issued++
		case o.outcome == refusal.Hold:
			s.Held++
		default:
			s.Denied++
		}
	})
	if o.repeat {
		return
	}
	attrs := []any{"request", o.id.Short(), "profile", profileName(o), "entry", refusal.Quote(o.entry.File)}
	if o.certificate != nil {
		attrs = append(attrs, "serial", pki.SerialHex(o.certificate.Leaf.SerialNumber), "notAfter", o.certificate.Leaf.NotAfter.UTC().Format("2006-01-02"))
		if o.certificate.Shortened {
			attrs = append(attrs, "shortened", "to the issuer's end")
		}
	} else {
		attrs = append(attrs, "reason", refusal.Reason(o.refusals))
	}
	p.Log.Info(map[refusal.Outcome]string{refusal.Issue: "issued", refusal.Hold: "held", refusal.Deny: "denied"}[o.outcome], attrs...)
}

func profileName(o outgoing) string {
	if o.decision.Profile != nil {
		return o.decision.Profile.Name
	}
	return ""
}

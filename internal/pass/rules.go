package pass

import (
	"context"

	"ca-exchange/internal/ledger"
)

// rulesSetting is the digest of the rules that held requests were last judged by.
const rulesSetting = "rules"

// readRules takes the rules as they are now. Where they have a mistake, those before stay in force: a typo must not
// stop a running CA, nor open it.
func (p *pass) readRules() error {
	rules, err := p.Rules()
	if rules == nil {
		return err
	}
	if err != nil {
		p.warnOnce("cannot read the policy; the one before stays in force", err)
	}
	p.rules = rules
	return nil
}

// reconsider sends held requests through again: all of them when policy, requesters or blocked keys changed since they
// were held, else those that were held for their rate and whose time has come.
func (p *pass) reconsider(ctx context.Context, to chan<- []arrival) error {
	decided, err := p.Ledger().Setting(ctx, rulesSetting)
	if err != nil {
		return err
	}
	if p.memory.keyIsBack(p.HasKey) {
		p.reconsidered = false
	}
	changed := decided != p.rules.Digest && !p.reconsidered && !p.memory.waitsForKey()
	if !changed && !p.memory.rateDue(p.Now()) {
		return nil
	}
	p.memory.forgetRates(p.Now())
	var batch []arrival
	for held, err := range p.Ledger().Pending(ctx) {
		if err != nil {
			return err
		}
		again := againFrom(held.Refusals)
		if !again.IsZero() && p.Now().Before(again) {
			p.memory.rateAgain(again)
		}
		if !changed && (again.IsZero() || p.Now().Before(again)) {
			continue
		}
		entry, err := p.Ledger().Entry(ctx, held.ID)
		if err != nil {
			return err
		}
		batch = append(batch, arrival{bytes: entry, again: true})
		if len(batch) == batchSize {
			if err := send(ctx, to, batch); err != nil {
				return err
			}
			batch = nil
		}
	}
	if len(batch) > 0 {
		if err := send(ctx, to, batch); err != nil {
			return err
		}
	}
	if !changed {
		return nil
	}
	p.reconsidered = true // the next round judges it no more
	if len(p.Absent()) > 0 {
		return nil // see settleRules
	}
	return p.rememberRules(ctx)
}

// settleRules records at the end of a pass whether everything held was judged by the rules. While some of it waits for
// an issuer's key it was not, and whoever has the key judges it again: this watch, or a process that starts later.
func (p *pass) settleRules(ctx context.Context) error {
	waits := p.memory.waitsForKey()
	if !p.reconsidered && !waits {
		return nil
	}
	decided, err := p.Ledger().Setting(ctx, rulesSetting)
	switch {
	case err != nil:
		return err
	case waits && decided == p.rules.Digest:
		return p.Ledger().Remember(ctx, rulesSetting, "", nil)
	case !waits && decided != p.rules.Digest:
		return p.rememberRules(ctx)
	}
	return nil
}

func (p *pass) rememberRules(ctx context.Context) error {
	detail := map[string]string{"rules": p.rules.Digest}
	event := ledger.Event{Time: p.Now(), Kind: ledger.EventRulesChanged, Detail: detail}
	return p.Ledger().Remember(ctx, rulesSetting, p.rules.Digest, &event)
}

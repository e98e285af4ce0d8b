package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"syscall"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

type reviewCommand struct{ exchangeFlags }

func (r *reviewCommand) Run(ctx context.Context, a *app) error {
	if !a.Interactive() {
		return cli.WithStatus(cli.Usage, cli.ErrNobody, "ca-admin pending, then ca-admin approve ID --yes")
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := a.checkHeads(ctx, c, r.exchangeFlags); err != nil {
		return err
	}
	var waiting []pki.ID
	for record, err := range c.Ledger().Pending(ctx) {
		if err != nil {
			return err
		}
		waiting = append(waiting, record.ID)
	}
	v := &review{app: a, ca: c}
	err = v.all(ctx, waiting)
	// What was decided is published whatever ended the review: the requesters wait for it.
	if v.approved+v.denied > 0 {
		a.publish(context.WithoutCancel(ctx), c, r.exchangeFlags)
	}
	left := len(waiting) - v.approved - v.denied
	a.Say("\n%d approved, %d denied, %d left", v.approved, v.denied, left)
	if err == nil && left > 0 {
		return cli.Exit(cli.Unanswered)
	}
	return err
}

// review is one person's way through what is pending.
type review struct {
	*app
	ca               *ca.CA
	approved, denied int
}

// errQuit ends a review: the person typed q, Ctrl-C or Ctrl-D.
var errQuit = errors.New("quit")

func (v *review) all(ctx context.Context, waiting []pki.ID) error {
	for i, id := range waiting {
		v.Say("\n%d of %d", i+1, len(waiting))
		err := v.one(ctx, id)
		if errors.Is(err, errQuit) || ctx.Err() != nil { // Ctrl-C also while a request is being looked at
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// one shows a request until it is settled or skipped. What the person adds to it (profile, names) is kept meanwhile.
func (v *review) one(ctx context.Context, id pki.ID) error {
	var added policy.Override
	for {
		p, err := v.ca.Propose(ctx, id, added)
		if errors.Is(err, ca.ErrSettled) || errors.Is(err, ca.ErrUnknown) || err == nil && p.Denial != nil {
			return nil // somebody else decided meanwhile
		}
		if err != nil {
			return err
		}
		v.present(v.ca, p)
		v.presentOpen(p)
		key, err := v.ask(ctx, v.keys(p))
		if err != nil {
			return err
		}
		settled, err := v.take(ctx, strings.ToLower(key), p, &added)
		if settled || err != nil {
			return err
		}
	}
}

// presentOpen says what keeps a proposal from being signed: the profiles that the request looks like, with what each
// needs, and what the certificate would lose. This is asked before anything can be approved.
func (v *review) presentOpen(p *ca.Proposal) {
	for _, way := range p.Decision.Candidates {
		v.Say("  %-12s %s: ca-admin approve … %s", "looks like", way.Profile, strings.Join(way.Flags, " "))
	}
	for _, q := range p.Decision.Questions() {
		v.Say("  %-12s %s: %s", "question", q.Refusal.Code.Meaning(), q.Refusal.Asked)
	}
	if err := p.Approvable(); err != nil {
		v.Say("  %v", err)
	}
}

// keys are what the person may type at a proposal.
func (v *review) keys(p *ca.Proposal) string {
	keys := "[d]eny [p]rofile n[o]de [n]ame [s]kip [q]uit [?] > "
	switch err := p.Approvable(); {
	case err == nil:
		keys = "[a]pprove " + keys
	case len(p.Decision.Questions()) > 0:
		keys = "sign [w]ithout it " + keys
	}
	return keys
}

// take does what one key says; settled ends the request.
func (v *review) take(
	ctx context.Context, key string, p *ca.Proposal, added *policy.Override,
) (settled bool, err error) {
	switch key {
	case "a":
		return v.approve(ctx, p)
	case "d":
		return v.deny(ctx, p)
	case "p":
		added.Profile, err = v.ask(ctx, "profile: ")
	case "o":
		added.Node, err = v.ask(ctx, "node: ")
	case "n":
		err = v.addName(ctx, added)
	case "w":
		for _, q := range p.Decision.Questions() {
			*added = added.Accept(q)
		}
	case "s":
		return true, nil
	case "q":
		return false, errQuit
	default:
		v.Say("a: sign what is shown. w: agree that the certificate loses what is asked about.\n" +
			"d: deny it with a reason. p: say which profile it is. o: say which node.\n" +
			"n: add a DNS name or an IP address. s: leave it pending.\n" +
			"q: end the review; what was decided is published.")
	}
	return false, err
}

func (v *review) approve(ctx context.Context, p *ca.Proposal) (settled bool, err error) {
	if err := p.Approvable(); err != nil {
		return false, nil // shown already
	}
	if profile := p.Decision.Profile; profile.Guarded {
		typed, err := v.ask(ctx, fmt.Sprintf("type %q to make an administrator of the whole cluster: ", profile.Name))
		if err != nil || typed != profile.Name {
			return false, err
		}
	}
	certificate, err := v.ca.Approve(ctx, p)
	switch {
	case errors.Is(err, policy.ErrOther):
		v.Warn("something changed since this was shown; here it is as it is now")
		return false, nil
	case err != nil:
		return false, explainRequest(err)
	}
	v.signed(certificate)
	v.approved++
	return true, nil
}

func (v *review) deny(ctx context.Context, p *ca.Proposal) (settled bool, err error) {
	why, err := v.ask(ctx, "why? (empty: not denied) ")
	if err != nil || why == "" {
		return false, err
	}
	if err := v.ca.Deny(ctx, p.Record, why); err != nil {
		return false, explainRequest(err)
	}
	v.Say("denied %s", p.ID.Short())
	v.denied++
	return true, nil
}

func (v *review) addName(ctx context.Context, added *policy.Override) error {
	name, err := v.ask(ctx, "DNS name or IP address: ")
	if err != nil || name == "" {
		return err
	}
	more := planFlags{DNS: []string{name}}
	if ip, err := netip.ParseAddr(name); err == nil {
		more = planFlags{IP: []netip.Addr{ip}}
	}
	o, err := more.override()
	if err != nil {
		v.Warn("%v", err)
		return nil
	}
	added.Names.DNS, added.Names.IPs = append(added.Names.DNS, o.Names.DNS...), append(added.Names.IPs, o.Names.IPs...)
	return nil
}

// ask is Ask, with the ways a person leaves a terminal as errQuit.
func (v *review) ask(ctx context.Context, question string) (string, error) {
	answer, err := v.Ask(ctx, question)
	if errors.Is(err, io.EOF) || errors.Is(err, syscall.EIO) || errors.Is(err, context.Canceled) { // EIO: it is closed
		err = errQuit
	}
	return answer, err
}

package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// planFlags are what a person adds to a request, or says in its place.
type planFlags struct {
	Profile string       `placeholder:"NAME" help:"The profile, where the request does not state it."`
	Node    string       `placeholder:"NODE" help:"The node, where the profile has one."`
	DNS     []string     `name:"dns" placeholder:"NAME" help:"Another DNS name for the certificate."`
	IP      []netip.Addr `name:"ip" placeholder:"ADDRESS" help:"Another IP address for the certificate."`
	Days    int          `placeholder:"N" help:"Validity in days, at most what the policy allows."`
	Yes     bool         `short:"y" help:"Do not ask."`

	WithoutGroup []string `placeholder:"GROUP" help:"Issue without this group of the request."`
	WithoutUsage []string `placeholder:"USAGE" help:"Issue without this usage of the request, such as serverAuth."`
}

func (f planFlags) override() (policy.Override, error) {
	for _, name := range f.DNS {
		if err := pki.CheckDNSName(name); err != nil {
			return policy.Override{}, cli.WithStatus(cli.Usage, fmt.Errorf("--dns %q: %w", name, err))
		}
	}
	for _, ip := range f.IP {
		if err := pki.CheckIP(ip); err != nil {
			return policy.Override{}, cli.WithStatus(cli.Usage, fmt.Errorf("--ip %s: %w", ip, err))
		}
	}
	if f.Days < 0 {
		return policy.Override{}, cli.WithStatus(cli.Usage, fmt.Errorf("--days %d: at least 1", f.Days))
	}
	return policy.Override{
		Profile: f.Profile, Node: f.Node, Names: pki.Names{DNS: f.DNS, IPs: f.IP}, Days: f.Days,
		WithoutGroups: f.WithoutGroup, WithoutUsages: f.WithoutUsage,
	}, nil
}

// adds reports whether the person says anything beside yes.
func (f planFlags) adds() bool {
	lists := len(f.DNS) + len(f.IP) + len(f.WithoutGroup) + len(f.WithoutUsage)
	return f.Profile != "" || f.Node != "" || f.Days != 0 || lists > 0
}

// propose makes a proposal, or makes it again.
type propose func() (*ca.Proposal, error)

// decide shows a proposal and signs it once a person said yes. Where anything changed between the showing and the
// signing, it is shown again: nothing is signed unseen.
func (a *app) decide(ctx context.Context, c *ca.CA, again propose, f planFlags) (*pki.Certificate, error) {
	for {
		shown, err := again()
		if err != nil {
			return nil, explainRequest(err)
		}
		a.present(c, shown)
		if err := shown.Approvable(); err != nil {
			return nil, explainProposal(err, shown)
		}
		if err := a.agree(ctx, shown, f); err != nil {
			return nil, err
		}
		certificate, err := c.Approve(ctx, shown)
		if err == nil {
			return certificate, nil
		}
		if !errors.Is(err, policy.ErrOther) || f.Yes {
			return nil, explainRequest(err)
		}
		a.Warn("something changed since this was shown; here it is as it is now")
	}
}

// explainProposal adds the exact command or flags that approve what cannot be approved as it is.
func explainProposal(err error, shown *ca.Proposal) error {
	var hints []string
	switch {
	case errors.Is(err, ca.ErrNoPlan):
		hints = wayHints(shown)
	case errors.Is(err, policy.ErrQuestion):
		var flags []string
		for _, q := range shown.Decision.Questions() {
			flags = append(flags, q.Flag)
		}
		hints = append(hints, "to sign without it, the same command with: "+strings.Join(flags, " "))
	}
	if len(hints) > 0 {
		return cli.WithStatus(cli.Unanswered, err, hints...)
	}
	return explainRequest(err)
}

// wayHints are the commands that approve a proposal, one a line; for a file, what the same command lacks.
func wayHints(p *ca.Proposal) (hints []string) {
	for _, way := range p.Decision.Ways() {
		switch {
		case p.Record.Recorded():
			hints = append(hints, way.Command(p.ID))
		case len(way.Flags) > 0:
			hints = append(hints, "the same command with: "+strings.Join(way.Flags, " "))
		}
	}
	return hints
}

// present prints a proposal for a person: what it amounts to first, the id last. Everything that came from the
// exchange is quoted.
func (a *app) present(c *ca.CA, p *ca.Proposal) {
	d := p.Decision
	if p.Denial != nil {
		a.Say("  %-12s %s", "denied", ca.DenialLine(p.Denial))
	}
	switch {
	case p.Plan.Limits != nil:
		a.presentAuthority(p)
	case d.Profile != nil && d.Profile.Guarded:
		what := a.Alarm("GUARDED: an administrator of the whole cluster")
		a.Say("%s (profile %s)", what, d.Profile.Name)
	}
	a.presentIdentity(p)
	if p.Digest != "" {
		a.presentPlan(p)
	} else if p.Request != nil {
		a.Say("  %-12s %s", "subject", p.Request.CSR.Subject)
		a.Say("  %-12s %s", "names", orNone(p.Request.CSR.Names.Strings()))
	}
	for _, dropped := range d.Dropped {
		a.Say("  %-12s %s", "not copied", dropped)
	}
	for _, r := range d.Refusals {
		a.Say("  %-12s %s", r.Code.Outcome(), refusalLine(r))
	}
	for _, t := range p.Takes {
		from := "request " + t.From.ID.Short()
		if t.From.Serial != "" {
			from = "serial " + t.From.Serial
		}
		a.Say("  %-12s %s from %s", "takes", refusal.Quote(t.Address.Name+".crt"), from)
	}
	if p.Request == nil {
		a.Say("  %-12s %s", "bytes", p.ID.Phone())
		return
	}
	a.Say("  %-12s %s %s", "key", p.Request.CSR.KeyType, p.Request.CSR.Fingerprint)
	a.Say("  %-12s %s", "requester", requesterLine(p))
	a.Say("  %-12s %s", "request id", p.Request.ID.Phone())
}

func (a *app) presentPlan(p *ca.Proposal) {
	a.Say("  %-12s %s, signed by issuer %s", "profile", p.Plan.Profile, p.Issuer.Name)
	a.Say("  %-12s %s", "subject", p.Plan.Subject())
	a.Say("  %-12s %s", "names", orNone(p.Plan.Names.Strings()))
	a.Say("  %-12s %s", "usages", pki.UsageNames(p.Plan.Usages))
	if p.Issuer.Certificate != nil { // else it waits for its parent
		_, end, shortened := p.Plan.Validity(p.Issuer.Certificate, a.settings().Now())
		note := ""
		if shortened {
			note = ", shortened to the issuer's end"
		}
		a.Say("  %-12s %d days, until %s%s", "validity", p.Plan.Days, end.UTC().Format("2006-01-02"), note)
	}
	a.presentReplaced(p)
	asked := p.Request.CSR.Names
	for _, name := range p.Plan.Names.Without(asked) {
		a.Say("  %-12s + %s", "added", name)
	}
	for _, name := range asked.Without(p.Plan.Names) {
		a.Say("  %-12s - %s", "asked", refusal.Quote(name))
	}
}

// presentReplaced shows what would change against the certificate that this one replaces: the one that a renewal names,
// the one of the same request, or the one whose name it takes.
func (a *app) presentReplaced(p *ca.Proposal) {
	old := p.Replaced
	if old == nil {
		return
	}
	a.Say("  %-12s %s of %s, until %s (%s)", "replaces", old.Serial, old.Subject, old.NotAfter.Format(day),
		cli.Residual(old.NotAfter, cli.Now()))
	now := p.Plan.Names.Strings()
	for _, name := range now {
		if !slices.Contains(old.Names, name) {
			a.Say("  %-12s + %s", "", name)
		}
	}
	for _, name := range old.Names {
		if !slices.Contains(now, name) {
			a.Say("  %-12s - %s", "", name)
		}
	}
	if subject := p.Plan.Subject(); subject != old.Subject {
		a.Say("  %-12s + subject %s", "", subject)
		a.Say("  %-12s - subject %s", "", old.Subject)
	}
	if old.Profile != p.Plan.Profile {
		a.Say("  %-12s - profile %s", "", old.Profile)
	}
}

func requesterLine(p *ca.Proposal) string {
	switch {
	case p.Decision.Requester != nil:
		return fmt.Sprintf("%q, enrolled since %s", p.Decision.Requester.Name, p.Decision.Requester.Since)
	case p.Request.Signature != nil:
		return "an unknown key, " + p.Request.Signature.Fingerprint()
	case p.Request.Cover != nil:
		return fmt.Sprintf("not signed; the cover names %q", p.Request.Cover.Requester)
	}
	return "not signed"
}

// refusalLine is a refusal on one line.
func refusalLine(r refusal.Refusal) string {
	line := r.Code.Meaning()
	if r.Code == refusal.DeniedByPerson { // a person's reason is what was said, nothing that is allowed
		return line + ": " + r.Allowed
	}
	if r.Asked != "" {
		line += ": " + r.Asked
	}
	if r.Allowed != "" {
		line += " (allowed: " + r.Allowed + ")"
	}
	return line
}

func orNone(items []string) string {
	if len(items) == 0 {
		return "none"
	}
	return strings.Join(items, " ")
}

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// authorityFlags make sign's certificate that of an authority below an issuer.
type authorityFlags struct {
	Authority  bool           `help:"Sign a CA below issuer ca, for a cluster that signs by itself."`
	PathLength int            `placeholder:"N" help:"With --authority: CAs below it (0)."`
	PermitDNS  []string       `name:"permit-dns" placeholder:"DOMAIN" help:"With --authority: only names below it."`
	PermitIP   []netip.Prefix `name:"permit-ip" placeholder:"CIDR" help:"With --permit-dns: addresses, too."`
	Client     bool           `help:"With --authority: it may sign clients, too, and so every user of a cluster."`
}

// validate holds the flags against each other: an authority is never signed unasked, and its profile is its own.
func (f authorityFlags) validate(plan planFlags, files int) error {
	switch {
	case !f.Authority && (f.PathLength != 0 || f.Client || len(f.PermitDNS)+len(f.PermitIP) > 0):
		return errors.New("--path-length, --permit-dns, --permit-ip and --client go with --authority")
	case !f.Authority:
		return nil
	case plan.Yes:
		return errors.New("--authority asks every time: leave --yes out")
	case files != 1:
		return errors.New("--authority takes one request")
	case plan.Profile != "" || plan.Node != "" || len(plan.DNS)+len(plan.IP) > 0:
		return errors.New("--profile, --node, --dns and --ip say nothing of an authority: leave them out")
	}
	return f.limits().Check()
}

func (f authorityFlags) limits() pki.Limits {
	return pki.Limits{PathLength: f.PathLength, DNS: f.PermitDNS, IPs: f.PermitIP}
}

// wish is what the person says of the authority; nil where none is asked for.
func (f authorityFlags) wish() *policy.Authority {
	if !f.Authority {
		return nil
	}
	usages := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	if f.Client {
		usages = append(usages, x509.ExtKeyUsageClientAuth)
	}
	return &policy.Authority{Issuer: kube.ClusterIssuer, Usages: usages, Limits: f.limits()}
}

// presentAuthority says what a CA below an issuer amounts to, before anything else.
func (a *app) presentAuthority(p *ca.Proposal) {
	a.Say("%s", a.Alarm("AUTHORITY: the holder of this key can sign for everybody who trusts issuer "+p.Plan.Issuer))
	for _, usage := range p.Plan.Usages {
		if usage == x509.ExtKeyUsageClientAuth {
			a.Say("%s", a.Alarm("with --client it can be system:masters of every cluster that trusts this issuer"))
		}
	}
	a.Say("  %-12s %s", "may sign", p.Plan.Limits)
	if len(p.Plan.Limits.DNS) == 0 {
		a.Say("  %-12s %s", "", "to bound its names: --permit-dns DOMAIN")
	}
}

// agree asks the person for a word on what was shown.
func (a *app) agree(ctx context.Context, shown *ca.Proposal, f planFlags) error {
	var agreed bool
	var err error
	switch {
	case shown.Plan.Limits != nil:
		agreed, err = a.agreeAuthority(ctx, shown)
	case f.Yes:
		return nil
	default:
		agreed, err = a.Confirm(ctx, "sign this certificate?")
	}
	if errors.Is(err, cli.ErrNobody) {
		hint := "look at it with `ca-admin show`, then say --yes"
		if shown.Plan.Limits != nil {
			hint = "an authority is signed on a terminal alone"
		}
		return cli.Hint(err, hint)
	}
	if err != nil || !agreed {
		return errors.Join(err, cli.WithStatus(cli.Unanswered, errors.New("not signed")))
	}
	return nil
}

// agreeAuthority has the name typed: a yes is too easily given.
func (a *app) agreeAuthority(ctx context.Context, shown *ca.Proposal) (bool, error) {
	if err := shown.Issuer.MayCertify(shown.Plan.Limits.PathLength); err != nil {
		return false, cli.Hint(err, "an issuer that may is made by: ca-admin init --path-len "+
			fmt.Sprint(shown.Plan.Limits.PathLength+1))
	}
	typed, err := a.Ask(ctx, "type its common name, "+refusal.Quote(shown.Plan.CommonName)+", to sign it: ")
	return strings.TrimSpace(typed) == shown.Plan.CommonName, err
}

// authorityStatus is an authority below an issuer, in `status`.
type authorityStatus struct {
	Serial   string    `json:"serial"`
	Subject  string    `json:"subject"`
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"notAfter"`
}

// authoritiesOf are the authorities in use that have not ended: what they sign, nobody here sees.
func authoritiesOf(ctx context.Context, c *ca.CA) ([]authorityStatus, error) {
	all := []authorityStatus{}
	f := ledger.Filter{Profile: policy.AuthorityProfile, Status: ledger.Valid, Current: true, EndsFrom: cli.Now(),
		Brief: true}
	for row, err := range c.Ledger().Certificates(ctx, f) {
		if err != nil {
			return nil, err
		}
		all = append(all, authorityStatus{row.Serial, row.Subject, row.Issuer, row.NotAfter.UTC()})
	}
	return all, nil
}

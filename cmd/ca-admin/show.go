package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

type showCommand struct {
	What string `arg:"" help:"A request ID, entry name, serial or file; - reads standard input."`
}

// shown is what `show -o json` prints.
type shown struct {
	APIVersion  string           `json:"apiVersion"`
	Kind        string           `json:"kind"`
	Request     *requestItem     `json:"request,omitempty"`
	Certificate *certificateItem `json:"certificate,omitempty"`
	Events      []eventItem      `json:"events,omitempty"`
}

func (s *showCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	// A file is shown before an entry of its name: a neighbour chooses what entries are called.
	if _, err := os.Stat(s.What); s.What == standardInput || err == nil && !ca.LooksLikeID(s.What) {
		return a.showFile(ctx, c, s.What)
	}
	serial := strings.ToLower(strings.ReplaceAll(s.What, ":", ""))
	if k, ok, err := c.Ledger().Certificate(ctx, serial); err != nil || ok {
		if err != nil {
			return err
		}
		return a.showRecord(ctx, c, k.Request)
	}
	record, err := c.Find(ctx, s.What)
	if err != nil {
		return explainRequest(err)
	}
	return a.showRecord(ctx, c, record.ID)
}

func (a *app) showFile(ctx context.Context, c *ca.CA, file string) error {
	text, err := readRequest(ctx, file)
	if err != nil {
		return err
	}
	if request.HoldsPrivateKey(text) {
		return cli.Hint(fmt.Errorf("%q holds a private key; it was not changed", file),
			"a key stays where it was made: show the request or the certificate that belongs to it")
	}
	if certificates, err := pki.ParseCertificates(text); err == nil {
		for _, k := range certificates {
			a.Print("%s", strings.TrimRight(pki.Render(k), "\n"))
		}
		return nil
	}
	p, err := c.ProposeFile(ctx, text, policy.Override{})
	if err != nil {
		return err
	}
	a.Print("%s: the policy would %s it", refusal.Quote(file), p.Decision.Outcome)
	a.present(c, p)
	return nil
}

func (a *app) showRecord(ctx context.Context, c *ca.CA, id pki.ID) error {
	known, err := c.Ledger().Lookup(ctx, []pki.ID{id})
	if err != nil {
		return err
	}
	record := known[id]
	events, err := c.Ledger().Events(ctx, id.String())
	if err != nil {
		return err
	}
	if a.JSON {
		return a.encodeRecord(ctx, c, record, events)
	}
	a.Print("request %s: %s, received %s", record.ID.Phone(), record.Status, record.Received.Format(time.RFC3339))
	if record.Status == ledger.Issued {
		err = a.showIssued(ctx, c, record)
	} else {
		err = a.showUnissued(ctx, c, record)
	}
	if err != nil {
		return err
	}
	for _, e := range events {
		a.Print("  %s  %s %s", e.Time.Format(time.RFC3339), e.Kind, detailLine(e.Detail))
	}
	return nil
}

// showIssued shows the certificate of a request; of one whose bytes are archived, what the ledger has beside them.
func (a *app) showIssued(ctx context.Context, c *ca.CA, record ledger.Request) error {
	pem, err := c.Ledger().Content(ctx, record)
	archived, ok := errors.AsType[*ledger.Archived](err)
	if ok {
		found, err := c.Ledger().CertificatesFor(ctx, []pki.ID{record.ID})
		if err != nil {
			return err
		}
		k := found[record.ID]
		a.Print("  certificate %s of profile %s by issuer %s", k.Serial, k.Profile, k.Issuer)
		a.Print("  subject      %s", k.Subject)
		a.Print("  names        %s", strings.Join(k.Names, ", "))
		a.Print("  validity     %s to %s", k.NotBefore.Format(time.RFC3339), k.NotAfter.Format(time.RFC3339))
		a.Print("  fingerprint  %s", k.Fingerprint)
		a.Print("  bytes        %s", archived)
		a.Hint("ca-admin archive --attach %q", archived.File)
		return nil
	}
	if err != nil {
		return err
	}
	certificates, err := pki.ParseCertificates(pem)
	if err != nil {
		return err
	}
	a.Print("%s", strings.TrimRight(pki.Render(certificates[0]), "\n"))
	a.Print("  residual     %s", cli.Residual(certificates[0].NotAfter, cli.Now()))
	return nil
}

// showUnissued shows what a held request would become, or what stands against a denied one.
func (a *app) showUnissued(ctx context.Context, c *ca.CA, record ledger.Request) error {
	p, err := c.Propose(ctx, record.ID, policy.Override{})
	if err != nil {
		return err
	}
	if record.Status == ledger.Held {
		a.present(c, p)
		a.hintWays(p, "")
		return nil
	}
	a.Print("  denied on %s", record.Decided.Format(time.RFC3339))
	for _, r := range record.Refusals {
		a.Print("  %s", refusalLine(r))
		a.Hint("%s", r.Code.Hint())
	}
	if errors.Is(p.Approvable(), ca.ErrRefused) {
		a.Hint("these bytes stay denied; a new request is decided anew")
	} else {
		a.hintWays(p, " --reopen")
	}
	return nil
}

// hintWays prints the commands that approve a proposal, or why none does.
func (a *app) hintWays(p *ca.Proposal, reopen string) {
	if err := p.Approvable(); errors.Is(err, ca.ErrRefused) {
		for _, r := range p.Decision.Refusals {
			if r.Code == refusal.Authority {
				a.Hint("a person may sign it as a sub-CA: ca-admin export %s --request >sub.csr, "+
					"then ca-admin sign sub.csr --authority", p.ID.Short())
			}
		}
		return
	}
	ways := wayHints(p)
	if len(ways) == 0 { // the rules would issue it now
		ways = []string{policy.Candidate{}.Command(p.ID)}
	}
	for _, way := range ways {
		a.Hint("%s", way+reopen)
	}
}

func (a *app) encodeRecord(ctx context.Context, c *ca.CA, record ledger.Request, events []ledger.Event) error {
	item := itemOf(record)
	out := shown{APIVersion: cli.APIVersion, Kind: "Record", Request: &item}
	if record.Serial != "" {
		for k, err := range listedSerials(ctx, c, []string{record.Serial}) {
			if err != nil {
				return err
			}
			item := k.item()
			out.Certificate = &item
		}
	}
	for _, e := range events {
		out.Events = append(out.Events, eventOf(e))
	}
	return a.Encode(out)
}

func detailLine(detail map[string]string) string {
	var parts []string
	for _, key := range []string{
		"profile", "reason", "why", "issuer", "signer", "user", "host", "plan", "shortened", "imported",
	} {
		if detail[key] != "" {
			parts = append(parts, key+"="+detail[key])
		}
	}
	return strings.Join(parts, " ")
}

package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

type revokeCommand struct {
	What   []string `arg:"" optional:"" name:"what" help:"Serials, request IDs (16 digits or more), certificate files."`
	Reason reason   `required:"" placeholder:"REASON" help:"Why, in RFC 5280's words, such as keyCompromise."`
	Since  moment   `placeholder:"WHEN" help:"When the key was lost, or the right to it ended, as far as is known."`

	Node      string `placeholder:"GLOB" help:"Those of a node that fits, such as cp1 or 'cp*'."`
	Requester string `placeholder:"NAME" help:"Those that this requester asked for."`
	Profile   string `placeholder:"PROFILE" help:"Those of this profile."`
	Key       string `placeholder:"SHA256" help:"Those of this key: SHA-256 of the SubjectPublicKeyInfo, in hex."`
	Issuer    string `placeholder:"NAME" help:"Those that this issuer signed."`
	Serial    string `placeholder:"HEX" help:"With --issuer: a serial, also one that the ledger never saw."`
	Yes       bool   `short:"y" help:"Revoke without asking."`
}

// reason is why certificates are revoked.
type reason pki.Reason

// UnmarshalText reads the name of one that a person may give.
func (r *reason) UnmarshalText(text []byte) error {
	parsed, err := pki.ParseReason(string(text))
	*r = reason(parsed)
	return err
}

// Validate wants something to be named.
func (r *revokeCommand) Validate() error {
	switch {
	case r.Serial != "" && (r.Issuer == "" || len(r.What) > 0):
		return errors.New("--serial goes with --issuer, and with no other certificate")
	case len(r.What) == 0 && !r.selects() && r.Serial == "":
		return errors.New("name what to revoke: a serial, an id, a file, --node, --requester, --profile or --key")
	}
	return nil
}

// selects reports whether flags alone say which certificates are meant. An issuer alone does not: that would be all.
func (r *revokeCommand) selects() bool {
	return r.Node != "" || r.Requester != "" || r.Profile != "" || r.Key != ""
}

// revoked is what `revoke -o json` prints.
type revoked struct {
	APIVersion   string        `json:"apiVersion"`
	Kind         string        `json:"kind"`
	Reason       string        `json:"reason"`
	Certificates []revokedItem `json:"certificates"`
	BlockedKeys  []string      `json:"blockedKeys"` // SHA-256 of their SubjectPublicKeyInfo
	CRLs         []crlItem     `json:"crls"`        // that were signed
	Owed         []string      `json:"owed"`        // issuers whose CRL is to be signed when their key is at hand
}

// revokedItem is a serial that was revoked.
type revokedItem struct {
	Serial  string `json:"serial"`
	Issuer  string `json:"issuer"`
	Profile string `json:"profile"` // "" where the ledger never saw it
	Node    string `json:"node"`
	Subject string `json:"subject"`
}

func (r *revokeCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := a.checkHeads(ctx, c, exchangeFlags{}); err != nil {
		return err
	}
	meant, err := r.meant(ctx, a, c)
	if err != nil {
		return err
	}
	meant.Reason, meant.Since = pki.Reason(r.Reason), time.Time(r.Since)
	named := len(meant.Certificates)
	if meant, err = c.WithKeys(ctx, meant); err != nil {
		return err
	}
	a.sayMeant(meant, named)
	if err := r.confirm(ctx, a, meant); err != nil {
		return err
	}
	if err := c.Revoke(ctx, meant); err != nil {
		return explainRevoke(err)
	}
	return r.finish(context.WithoutCancel(ctx), a, c, meant)
}

// finish signs and publishes the CRLs of what was revoked, and says what else there is to do.
func (r *revokeCommand) finish(ctx context.Context, a *app, c *ca.CA, meant ca.Revoking) error {
	count := len(meant.Certificates) + len(meant.Unseen)
	a.Say("revoked %s: %s", cli.Count(count, "certificate", "certificates"), meant.Reason)
	result := revoked{APIVersion: cli.APIVersion, Kind: "Revocation", Reason: meant.Reason.String(),
		Certificates: revokedItems(meant), BlockedKeys: []string{},
		CRLs: []crlItem{}, Owed: []string{}}
	if meant.Reason == pki.KeyCompromise {
		result.BlockedKeys = meant.BlockedKeys()
		a.Say("blocked %s: no certificate is issued for it again",
			cli.Count(len(result.BlockedKeys), "key", "keys"))
	}
	signed, err := a.signCRLs(ctx, c, 0, func(crl ca.CRL) bool { return crl.Late })
	if err != nil {
		return errors.Join(cli.Hint(err, "the revocation is recorded; to sign its CRL: ca-admin crl"))
	}
	a.publishCRLs(ctx, c, exchangeFlags{})
	if err := a.sayAdvice(c, meant); err != nil {
		return err
	}
	result.CRLs, result.Owed = append(result.CRLs, signed.items...), append(result.Owed, signed.owed...)
	if a.JSON {
		if err := a.Encode(result); err != nil {
			return err
		}
	}
	return cli.ExitWith(signed.status())
}

func revokedItems(r ca.Revoking) []revokedItem {
	items := []revokedItem{}
	for _, k := range r.Certificates {
		items = append(items, revokedItem{k.Serial, k.Issuer, k.Profile, k.Node, k.Subject})
	}
	for _, t := range r.Unseen {
		items = append(items, revokedItem{Serial: t.Serial, Issuer: t.Issuer})
	}
	return items
}

// saidMost bounds the certificates that are listed one by one.
const saidMost = 200

// sayMeant lists what would be revoked, newest first; those beyond named share a key with them.
func (a *app) sayMeant(r ca.Revoking, named int) {
	for i, k := range r.Certificates[:min(len(r.Certificates), saidMost)] {
		also := ""
		if i >= named {
			also = ", the same key"
		}
		a.Say("%s  serial %s of issuer %s, until %s, requester %s%s", knownAs(k), k.Serial, k.Issuer,
			k.NotAfter.Format(day), dash(k.Requester), also)
	}
	if more := len(r.Certificates) - saidMost; more > 0 {
		a.Say("and %d more", more)
	}
	for _, t := range r.Unseen {
		a.Say("serial %s of issuer %s, which the ledger never saw", t.Serial, t.Issuer)
	}
}

func knownAs(k ledger.Certificate) string {
	return certificate{Listed: ledger.Listed{Certificate: k}}.place()
}

// confirm asks once for all.
func (r *revokeCommand) confirm(ctx context.Context, a *app, meant ca.Revoking) error {
	if r.Yes {
		return nil
	}
	count := len(meant.Certificates) + len(meant.Unseen)
	agreed, err := a.Confirm(ctx, fmt.Sprintf("revoke %s for %s? Nothing undoes it.",
		cli.Count(count, "certificate", "certificates"), meant.Reason))
	if errors.Is(err, cli.ErrNobody) {
		return cli.Hint(err, "look at what is listed, then say --yes")
	}
	if err == nil && !agreed {
		err = cli.WithStatus(cli.Failed, errors.New("nothing was revoked"))
	}
	return err
}

func explainRevoke(err error) error {
	switch {
	case errors.Is(err, ledger.ErrRevoked):
		return cli.Hint(err, "list what is revoked: ca-admin list --revoked")
	case errors.Is(err, ca.ErrSince):
		return cli.WithStatus(cli.Usage, err, "--since is a time in the past (examples: 7d, 2026-11-25)")
	}
	return explainRequest(err)
}

// hexDigits are a serial or a fingerprint as people copy it.
func hexDigits(s string) string {
	return strings.ToLower(strings.NewReplacer(":", "", " ", "").Replace(strings.TrimPrefix(s, "0x")))
}

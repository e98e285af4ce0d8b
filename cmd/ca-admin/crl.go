package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pass"
	"ca-exchange/internal/pki"
)

type crlCommand struct {
	exchangeFlags
	Issuers []string `arg:"" optional:"" name:"issuer" help:"Whose CRL to sign; all that are kept by default."`
	Days    int      `placeholder:"N" help:"For how many days it is good, where not as the policy says."`
	IfDue   bool     `help:"Only those that are due: at half of their time, and after a revocation."`
}

// Validate bounds the days.
func (k *crlCommand) Validate() error {
	if k.Days < 0 || k.Days > 3650 {
		return fmt.Errorf("--days %d: a number from 1 to 3650", k.Days)
	}
	return nil
}

// crlItem is a CRL as JSON shows it.
type crlItem struct {
	Issuer     string    `json:"issuer"`
	Number     int64     `json:"number"` // 0: none was signed yet
	ThisUpdate time.Time `json:"thisUpdate"`
	NextUpdate time.Time `json:"nextUpdate"`
	Entries    int       `json:"entries"`
	Due        bool      `json:"due"` // the next one is to be signed now
	SHA256     string    `json:"sha256"`
}

func crlItemOf(issuer string, last ledger.CRL) crlItem {
	return crlItem{Issuer: issuer, Number: last.Number, ThisUpdate: last.ThisUpdate.UTC(),
		NextUpdate: last.NextUpdate.UTC(), Entries: last.Entries, SHA256: last.SHA256}
}

func (k crlItem) isDue() bool { return k.Due }

// String is a CRL in `status`.
func (k crlItem) String() string {
	due := ""
	if k.Due {
		due = "; due now: ca-admin crl"
	}
	if k.Number == 0 {
		return "none yet" + due
	}
	return fmt.Sprintf("number %d until %s (%s), %s%s", k.Number, k.NextUpdate.Format(day),
		cli.Residual(k.NextUpdate, cli.Now()), cli.Count(k.Entries, "entry", "entries"), due)
}

// crlsOf are the CRLs that a CA keeps; it warns where they will lapse between visits.
func (a *app) crlsOf(ctx context.Context, c *ca.CA) ([]crlItem, error) {
	kept, err := c.CRLs(ctx)
	if err != nil {
		return nil, err
	}
	items := []crlItem{}
	for _, crl := range kept {
		item := crlItemOf(crl.Name, crl.Last)
		item.Due = crl.Late
		items = append(items, item)
	}
	rules, err := c.Rules()
	if err != nil {
		return items, err
	}
	days, visits := rules.Policy.CRLDays(), rules.Policy.VisitDays()
	if len(items) > 0 && days < visits {
		a.Warn("policy.yaml: crl.days is %d, and visits every %s need %d: CRLs lapse where one visit fails", days,
			rules.Policy.Config().Visit, visits)
	}
	return items, nil
}

func (k *crlCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := a.checkHeads(ctx, c, k.exchangeFlags); err != nil {
		return err
	}
	signed, err := k.sign(ctx, a, c)
	if err != nil {
		return explainCRL(err)
	}
	a.publishCRLs(ctx, c, k.exchangeFlags)
	if a.JSON {
		if err := a.Encode(newList("CRLList", signed.items)); err != nil {
			return err
		}
	}
	return cli.ExitWith(signed.status())
}

func (k *crlCommand) sign(ctx context.Context, a *app, c *ca.CA) (signed signedCRLs, err error) {
	kept, err := c.CRLs(ctx)
	if err != nil {
		return signed, err
	}
	names := map[string]bool{}
	for _, name := range k.Issuers {
		issuer, ok := c.Trust().Authority(name)
		if !ok {
			return signed, cli.WithStatus(cli.Usage, fmt.Errorf("no issuer %q", name), "ca-admin status lists them")
		}
		names[issuer.Name] = true
		if !slices.ContainsFunc(kept, func(crl ca.CRL) bool { return crl.Name == issuer.Name }) {
			first, err := a.signFirst(ctx, c, issuer, k.Days)
			if err != nil {
				return signed, err
			}
			signed = signed.and(first)
		}
	}
	if len(kept) == 0 && len(k.Issuers) == 0 {
		if k.IfDue {
			return signed, nil
		}
		return signed, cli.Hint(errors.New("no CRL is kept"), "name an issuer: ca-admin crl etcd-ca",
			"or list them in policy.yaml: crl: {issuers: [etcd-ca]}")
	}
	rest, err := a.signCRLs(ctx, c, k.Days, func(crl ca.CRL) bool {
		named := len(names) == 0 || names[crl.Name]
		fresh := slices.ContainsFunc(signed.items, func(i crlItem) bool { return i.Issuer == crl.Name })
		return named && !fresh && (crl.Late || !k.IfDue)
	})
	return signed.and(rest), err
}

// signedCRLs are the CRLs that were signed, and the issuers that could not sign now.
type signedCRLs struct {
	items []crlItem
	owed  []string
}

func (s signedCRLs) and(other signedCRLs) signedCRLs {
	return signedCRLs{append(s.items, other.items...), append(s.owed, other.owed...)}
}

func (s signedCRLs) status() cli.Status {
	if len(s.owed) > 0 {
		return cli.Unanswered
	}
	return cli.Done
}

// signCRLs signs the CRLs that are wanted of those that are kept; days are the policy's where they are 0.
func (a *app) signCRLs(
	ctx context.Context, c *ca.CA, days int, wanted func(ca.CRL) bool,
) (signed signedCRLs, err error) {
	kept, err := c.CRLs(ctx)
	if err != nil {
		return signed, err
	}
	for _, crl := range kept {
		if !wanted(crl) {
			continue
		}
		one, err := a.signFirst(ctx, c, crl.Authority, days)
		if err != nil {
			return signed, err
		}
		signed = signed.and(one)
	}
	return signed, nil
}

// signFirst signs the CRL of an issuer, kept or not.
func (a *app) signFirst(ctx context.Context, c *ca.CA, issuer pki.Authority, days int) (signed signedCRLs, err error) {
	if days == 0 {
		rules, err := c.Rules()
		if err != nil {
			return signed, err
		}
		days = rules.Policy.CRLDays()
	}
	if unlockErr := c.Unlock(); unlockErr != nil && !c.HasKey(issuer.Name) {
		a.Warn("%v", unlockErr)
	}
	last, err := c.SignCRL(ctx, issuer.Name, days)
	if errors.Is(err, ca.ErrKeyAbsent) {
		a.Warn("the CRL is owed: %v", err)
		a.Hint("the next run that has it signs it: ca-admin crl --if-due, ca-admin sync or a watch")
		return signedCRLs{owed: []string{issuer.Name}}, nil
	}
	if err != nil {
		return signed, err
	}
	a.Say("signed the CRL of %s: number %d, %s, good until %s", issuer.Name, last.Number,
		cli.Count(last.Entries, "entry", "entries"), last.NextUpdate.UTC().Format(day))
	return signedCRLs{items: []crlItem{crlItemOf(issuer.Name, last)}}, nil
}

// publishCRLs brings the CRLs to the exchanges at hand; the next pass over any other publishes them there.
func (a *app) publishCRLs(ctx context.Context, c *ca.CA, f exchangeFlags) {
	all, err := a.exchanges(c, f)
	for _, at := range all {
		err = errors.Join(err, publishCRLsAt(ctx, c, at))
	}
	if err != nil {
		a.Warn("recorded, but not published now: %v", err)
		a.Hint("the next `ca-admin watch` or `ca-admin sync` on that exchange publishes the CRLs")
	}
}

func publishCRLsAt(ctx context.Context, c *ca.CA, at pass.Sides) error {
	x, err := pass.OpenExchange(ctx, c, at.WithOpenInbox())
	if err != nil {
		return err
	}
	defer x.Close()
	return pass.PublishCRLs(ctx, c, x)
}

func explainCRL(err error) error {
	if errors.Is(err, pki.ErrNoCRLSign) {
		return cli.Hint(err, "have its parent sign it again with keyUsage cRLSign",
			"until then take it out of crl.issuers in policy.yaml")
	}
	return explainRequest(err)
}

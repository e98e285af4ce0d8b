package main

import (
	"context"
	"errors"
	"fmt"
	"math/big"
	"os"
	"slices"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// meant are the certificates that the arguments and flags mean, newest first. What was named one by one and cannot be
// revoked is an error; flags pass over what is revoked or has ended.
func (r *revokeCommand) meant(ctx context.Context, a *app, c *ca.CA) (meant ca.Revoking, err error) {
	if r.Serial != "" {
		return r.bySerial(ctx, a, c)
	}
	for _, what := range r.What {
		one, err := r.named(ctx, a, c, what)
		if err != nil {
			return meant, err
		}
		meant.Certificates = append(meant.Certificates, one.Certificates...)
		meant.Unseen, meant.Keys = append(meant.Unseen, one.Unseen...), append(meant.Keys, one.Keys...)
	}
	if len(r.What) == 0 {
		filter := r.filter()
		filter.Status, filter.EndsFrom = ledger.Valid, cli.Now()
		if meant.Certificates, err = certificatesOf(ctx, c, filter); err != nil {
			return meant, err
		}
	}
	slices.SortStableFunc(meant.Certificates, func(x, y ledger.Certificate) int { return y.Issued.Compare(x.Issued) })
	meant.Certificates = slices.CompactFunc(meant.Certificates, func(x, y ledger.Certificate) bool {
		return x.Fingerprint == y.Fingerprint
	})
	if len(meant.Certificates)+len(meant.Unseen) == 0 {
		return meant, cli.Hint(errors.New("no certificate that is valid fits"), "list them: ca-admin list --all")
	}
	return meant, nil
}

// filter is what the flags say; all of it must hold.
func (r *revokeCommand) filter() ledger.Filter {
	f := ledger.Filter{Node: r.Node, Requester: r.Requester, Profile: r.Profile, Issuer: r.Issuer,
		Order: ledger.ByIssue}
	if r.Key != "" {
		f.Keys = []string{hexDigits(r.Key)}
	}
	return f
}

func certificatesOf(ctx context.Context, c *ca.CA, f ledger.Filter) (all []ledger.Certificate, err error) {
	for k, err := range c.Ledger().Certificates(ctx, f) {
		if err != nil {
			return nil, err
		}
		all = append(all, k.Certificate)
	}
	return all, nil
}

// bySerial is the certificate with --serial, or the bare serial where the ledger has none.
func (r *revokeCommand) bySerial(ctx context.Context, a *app, c *ca.CA) (meant ca.Revoking, err error) {
	number, ok := new(big.Int).SetString(hexDigits(r.Serial), 16)
	if !ok || number.Sign() <= 0 || len(number.Bytes()) > 20 {
		return meant, cli.WithStatus(cli.Usage, fmt.Errorf("%q is not a serial in hex", r.Serial))
	}
	target, err := c.Unseen(r.Issuer, pki.SerialHex(number))
	if err != nil {
		return meant, cli.WithStatus(cli.Usage, err, "ca-admin status lists the issuers")
	}
	found, err := certificatesOf(ctx, c, ledger.Filter{Serial: target.Serial, Issuer: target.Issuer})
	if err != nil {
		return meant, err
	}
	if len(found) == 0 {
		meant.Unseen = []ledger.Target{target}
		return meant, a.warnOtherIssuers(ctx, c, target)
	}
	meant.Certificates = found[:1]
	return meant, checkRevocable(found[0])
}

// warnOtherIssuers says which certificates have the serial of a target that is of another issuer.
func (a *app) warnOtherIssuers(ctx context.Context, c *ca.CA, target ledger.Target) error {
	others, err := certificatesOf(ctx, c, ledger.Filter{Serial: target.Serial})
	for _, k := range others {
		a.Warn("%s has the serial %s, too, of issuer %s: this does not revoke it", knownAs(k), k.Serial, k.Issuer)
	}
	return err
}

// named is the certificate that an argument names: in a file, by its serial, or by its request's id.
func (r *revokeCommand) named(ctx context.Context, a *app, c *ca.CA, what string) (meant ca.Revoking, err error) {
	filter := r.filter()
	if text, err := os.ReadFile(what); err == nil && !ca.LooksLikeID(what) {
		chain, err := pki.ParseCertificates(text)
		if err != nil {
			return meant, fmt.Errorf("reading %q: %w", what, err)
		}
		known, ok, err := c.Ledger().CertificateByFingerprint(ctx, pki.Fingerprint(chain[0]))
		if err != nil {
			return meant, err
		}
		if !ok {
			return unseenFile(c, what, text)
		}
		filter.Serial, filter.Issuer = known.Serial, known.Issuer
	} else if filter.Serial, err = a.serialOf(ctx, c, hexDigits(what)); err != nil {
		return meant, err
	}
	found, err := certificatesOf(ctx, c, filter)
	switch {
	case err != nil:
		return meant, err
	case len(found) == 0:
		return meant, cli.Hint(fmt.Errorf("certificate %s does not fit the flags", filter.Serial),
			"ca-admin show "+filter.Serial)
	case len(found) > 1:
		return meant, cli.WithStatus(cli.Usage, fmt.Errorf("%d certificates have the serial %s", len(found),
			filter.Serial), "say whose it is: --issuer NAME")
	}
	meant.Certificates = found
	return meant, checkRevocable(found[0])
}

// unseenFile is a certificate in a file that the ledger never saw: one of our issuers must have signed it.
func unseenFile(c *ca.CA, file string, text []byte) (meant ca.Revoking, err error) {
	chain, err := pki.ParseCertificates(text)
	if err != nil {
		return meant, err
	}
	by, ok := c.Signed(chain[0])
	if !ok {
		err := fmt.Errorf("no issuer of this CA signed the certificate in %q", file)
		return meant, cli.WithStatus(cli.Unverified, err, "a certificate is revoked by the CA that issued it")
	}
	target, err := c.Unseen(by.Name, pki.SerialHex(chain[0].SerialNumber))
	if err != nil {
		return meant, err
	}
	key, err := pki.KeyFingerprint(chain[0].PublicKey)
	meant.Unseen, meant.Keys = []ledger.Target{target}, []string{key}
	return meant, err
}

// checkRevocable refuses what need not be revoked.
func checkRevocable(k ledger.Certificate) error {
	switch {
	case k.Status == ledger.Revoked:
		return cli.Hint(fmt.Errorf("certificate %s is revoked already", k.Serial), "ca-admin list --revoked")
	case cli.Now().After(k.NotAfter):
		return cli.Hint(fmt.Errorf("certificate %s has ended on %s: nobody accepts it", k.Serial,
			k.NotAfter.Format(day)), "to block its key, revoke a valid certificate of it")
	}
	return nil
}

package ca

import (
	"context"
	"fmt"
	"slices"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// takeOrphans revokes serials of which there was no certificate: those of an index, of a list and of the old CRL.
func (i *importing) takeOrphans(ctx context.Context) error {
	var all []Foreign
	for _, f := range i.orphans {
		issuer, err := i.issuerOf(f)
		if err != nil {
			i.refuse(f.Where, err)
			continue
		}
		f.Issuer = issuer
		all = append(all, f)
	}
	if i.CRL != nil {
		all = append(all, i.CRL.Revoked...)
	}
	for batch := range slices.Chunk(all, importBatch) {
		if err := i.take(ctx, nil, batch); err != nil {
			return err
		}
	}
	return nil
}

// issuerOf is whose serial it is: the issuer that the records name, the only one here, or the only one that signed any
// of them.
func (i *importing) issuerOf(f Foreign) (string, error) {
	var names, signed []string
	for _, a := range i.Trust().Authorities {
		if names = append(names, a.Name); i.signed[a.Name] {
			signed = append(signed, a.Name)
		}
	}
	switch {
	case slices.Contains(names, f.Issuer):
		return f.Issuer, nil
	case f.Issuer != "":
		return "", fmt.Errorf("%+q is not an issuer here", f.Issuer)
	case len(names) == 1:
		return names[0], nil
	case len(signed) == 1:
		return signed[0], nil
	}
	return "", fmt.Errorf("cannot determine which of the issuers %q revoked it", names)
}

// revocations are those of serials whose issuers are known.
func (i *importing) revocations(all []Foreign) (known []ledger.ImportedRevocation) {
	for _, f := range all {
		a, _ := i.Trust().Authority(f.Issuer)
		if f.Serial.Sign() <= 0 {
			i.refuse(f.Where, fmt.Errorf("the serial is %v, expected a positive number", f.Serial))
			continue
		}
		known = append(known, ledger.ImportedRevocation{
			Target:     ledger.Target{Issuer: a.Name, Authority: a.Certificate, Serial: pki.SerialHex(f.Serial)},
			Revocation: *f.Revoked,
		})
	}
	return known
}

func (i *importing) countRevocations(ctx context.Context, all []ledger.ImportedRevocation) error {
	for _, r := range all {
		known, err := i.ledger.RevokedSerials(ctx, r.Issuer, []string{r.Target.Serial})
		if err != nil {
			return err
		}
		key := r.Issuer + "\x00" + r.Target.Serial
		if !known[r.Target.Serial] && !i.revoked[key] {
			i.sum.Revoked++
		}
		i.revoked[key] = true
	}
	return nil
}

// blockKeys blocks the keys of certificates that were revoked because others know them, before the revocations are
// recorded: killed in between, nobody gets a certificate for such a key.
func (i *importing) blockKeys(
	ctx context.Context, lacking []importable, revoked []ledger.ImportedRevocation,
) error {
	var keys []string
	for _, r := range revoked {
		if r.Reason != pki.KeyCompromise {
			continue
		}
		for _, one := range lacking {
			if one.by.Name == r.Issuer && one.Leaf.SerialNumber.Cmp(r.Revocation.Serial) == 0 {
				keys = append(keys, pki.SPKIFingerprint(one.Leaf.RawSubjectPublicKeyInfo))
			}
		}
		have, err := i.ledger.BySerials(ctx, r.Issuer, []string{r.Target.Serial})
		if err != nil {
			return err
		}
		if k, ok := have[r.Target.Serial]; ok {
			keys = append(keys, k.KeyFingerprint)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	i.compromised = append(i.compromised, keys...)
	return i.Block(keys)
}

// warnKeys says which valid certificates have the key of one that was revoked because others know it: the records do
// not revoke them, whoever has the key can use them.
func (i *importing) warnKeys(ctx context.Context) error {
	slices.Sort(i.compromised)
	for keys := range slices.Chunk(slices.Compact(i.compromised), keysAtOnce) {
		valid := ledger.Filter{Keys: keys, Status: ledger.Valid, EndsFrom: i.now}
		for k, err := range i.ledger.Certificates(ctx, valid) {
			if err != nil {
				return err
			}
			i.sum.Warnings = append(i.sum.Warnings, Untaken{"serial " + k.Serial,
				"its key is one that others know: ca-admin revoke " + k.Serial + " --reason keyCompromise"})
		}
	}
	return nil
}

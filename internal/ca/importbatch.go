package ca

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"strconv"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

func errSerialTaken(serial *big.Int, issuer string) error {
	return fmt.Errorf("issuer %q has another certificate with serial %s", issuer, pki.SerialHex(serial))
}

// own reports whether a certificate is an issuer's own: that of one here, of what is above it, or another one for its
// key, which a CA got when it was renewed.
func (i *importing) own(f Foreign) bool {
	for _, a := range i.Trust().Authorities {
		for _, c := range append([]*x509.Certificate{a.Certificate}, a.Chain...) {
			sameKey := bytes.Equal(f.Leaf.RawSubjectPublicKeyInfo, c.RawSubjectPublicKeyInfo)
			if f.Leaf.Equal(c) || f.Leaf.IsCA && sameKey {
				return true
			}
		}
	}
	return false
}

// signer gives the issuer here that signed a certificate, by its signature, or why there is none.
func (i *importing) signer(leaf *x509.Certificate) (by pki.Authority, err error) {
	err = fmt.Errorf("its issuer is %+q, which is not an issuer here", leaf.Issuer)
	for _, a := range i.Trust().Authorities {
		if !bytes.Equal(leaf.RawIssuer, a.Certificate.RawSubject) {
			continue
		}
		signature := leaf.CheckSignatureFrom(a.Certificate)
		if signature == nil {
			return a, nil
		}
		err = fmt.Errorf("issuer %q did not sign it: %w", a.Name, signature)
	}
	return by, err
}

// mostConflicts is how often a batch is looked up again because another process wrote meanwhile.
const mostConflicts = 5

// take records certificates with what is to be revoked of them, and other revocations, in one transaction: no revoked
// certificate is valid in between. It begins again where another process was faster.
func (i *importing) take(ctx context.Context, batch []importable, orphans []Foreign) error {
	before := i.sum
	for again := 0; ; again++ {
		i.sum = before
		lacking, revoked, err := i.lacking(ctx, batch)
		if err != nil {
			return err
		}
		revocations := i.revocations(append(revoked, orphans...))
		if i.Trial {
			i.sum.Taken += len(lacking)
			return i.countRevocations(ctx, revocations)
		}
		err = i.record(ctx, lacking, revocations)
		if !errors.Is(err, ledger.ErrConflict) || again == mostConflicts {
			return err
		}
	}
}

func (i *importing) record(ctx context.Context, lacking []importable, revoked []ledger.ImportedRevocation) error {
	if len(lacking)+len(revoked) == 0 {
		return nil
	}
	if err := i.blockKeys(ctx, lacking, revoked); err != nil {
		return err
	}
	changes := make([]ledger.Change, len(lacking))
	for n, one := range lacking {
		key := pki.SPKIFingerprint(one.Leaf.RawSubjectPublicKeyInfo)
		if _, blocked := i.rules.Blocked[key]; blocked {
			i.compromised = append(i.compromised, key)
		}
		changes[n] = i.imported(one).Change(person())
	}
	n, err := i.ledger.Import(ctx, changes, revoked, ledger.Event{Time: i.now, Detail: person()})
	if err == nil {
		i.sum.Taken, i.sum.Revoked = i.sum.Taken+len(changes), i.sum.Revoked+n
	}
	return err
}

func (i *importing) imported(one importable) ledger.Imported {
	return ledger.Imported{
		Signed: &pki.Certificate{Leaf: one.Leaf, Chain: one.by.Intermediates(), Issuer: one.by.Certificate},
		Issuer: one.by.Name, Profile: i.importedProfile(i.rules, one.Leaf, one.by.Name, one.File),
		File: printable(one.Where), At: i.now,
	}
}

// printable is a file's name as it is, or quoted where a terminal would not print it so.
func printable(name string) string {
	if quoted := strconv.QuoteToASCII(name); quoted[1:len(quoted)-1] != name {
		return quoted
	}
	return name
}

// lacking takes out of a batch what the ledger has or cannot take, and gives what is to be revoked of all of it.
func (i *importing) lacking(ctx context.Context, batch []importable) (_ []importable, revoked []Foreign, err error) {
	var lacking []importable
	fingerprints, serials := make([]string, len(batch)), map[string][]string{}
	for n, one := range batch {
		fingerprints[n] = one.fingerprint
		serials[one.by.Name] = append(serials[one.by.Name], pki.SerialHex(one.Leaf.SerialNumber))
	}
	known, err := i.ledger.ByFingerprints(ctx, fingerprints)
	if err != nil {
		return nil, nil, err
	}
	taken := map[string]map[string]ledger.Certificate{}
	for issuer, list := range serials {
		if taken[issuer], err = i.ledger.BySerials(ctx, issuer, list); err != nil {
			return nil, nil, err
		}
	}
	for _, one := range batch {
		_, have := known[one.fingerprint]
		_, other := taken[one.by.Name][pki.SerialHex(one.Leaf.SerialNumber)]
		switch {
		case have:
			i.sum.Known++
		case other:
			i.refuse(one.Where, errSerialTaken(one.Leaf.SerialNumber, one.by.Name))
			continue
		default:
			lacking = append(lacking, one)
		}
		if one.Revoked != nil {
			revoked = append(revoked, one.revocation())
		}
	}
	return lacking, revoked, nil
}

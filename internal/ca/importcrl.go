package ca

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// OldCRL is the last CRL that an issuer published before its CRLs were made here.
type OldCRL struct {
	File    string
	Issuer  string   // its name here
	Number  *big.Int // nil where it has none
	Revoked []Foreign
	row     ledger.CRL
}

// ReadOldCRL reads a CRL in PEM or DER, and verifies that an issuer here signed it.
func (c *CA) ReadOldCRL(path string) (o OldCRL, err error) {
	text, err := readNamed(path, pki.MaxCRLSize)
	if err != nil {
		return o, err
	}
	if block, _ := pem.Decode(text); block != nil && block.Type == "X509 CRL" {
		text = block.Bytes
	}
	list, err := x509.ParseRevocationList(text)
	if err == nil {
		err = complete(list)
	}
	if err != nil {
		return o, fmt.Errorf("reading CRL %+q: %w", path, err)
	}
	err = fmt.Errorf("CRL %+q: its issuer is %+q, which is not an issuer here", path, list.Issuer)
	for _, a := range c.Trust().Authorities {
		if !bytes.Equal(list.RawIssuer, a.Certificate.RawSubject) {
			continue
		}
		if err = list.CheckSignatureFrom(a.Certificate); err != nil {
			err = fmt.Errorf("CRL %+q: issuer %q did not sign it: %w", path, a.Name, err)
			continue
		}
		sum := sha256.Sum256(text)
		o = OldCRL{File: path, Issuer: a.Name, Number: list.Number, row: ledger.CRL{
			ThisUpdate: list.ThisUpdate, NextUpdate: list.NextUpdate,
			Entries: len(list.RevokedCertificateEntries), SHA256: hex.EncodeToString(sum[:]),
		}}
		if o.Number != nil {
			o.row.Number = o.Number.Int64()
		}
		return o, o.entries(list)
	}
	return o, err
}

// complete wants a CRL that is complete for its issuer, with a number that the next one can exceed.
func complete(list *x509.RevocationList) error {
	for _, e := range list.Extensions {
		if e.Critical || e.Id.String() == "2.5.29.27" || e.Id.String() == "2.5.29.28" {
			return fmt.Errorf("its extension %v says that it is not complete for its issuer", e.Id)
		}
	}
	if n := list.Number; n != nil && (n.Sign() < 0 || n.BitLen() > 62) {
		return fmt.Errorf("its number is %v, above what a number here can be", n)
	}
	if list.NextUpdate.IsZero() {
		return errors.New("it does not say when the next one comes (RFC 5280 5.1.2.5)")
	}
	return nil
}

// entries takes over what the CRL says of each serial.
func (o *OldCRL) entries(list *x509.RevocationList) error {
	for _, e := range list.RevokedCertificateEntries {
		r := pki.Revocation{Serial: e.SerialNumber, Time: e.RevocationTime, Reason: pki.Reason(e.ReasonCode)}
		for _, extension := range e.Extensions {
			if extension.Critical {
				return fmt.Errorf("CRL %+q: serial %s has the critical extension %v", o.File,
					pki.SerialHex(e.SerialNumber), extension.Id)
			}
			if extension.Id.String() != "2.5.29.24" { // invalidityDate
				continue
			}
			if _, err := asn1.UnmarshalWithParams(extension.Value, &r.Since, "generalized"); err != nil {
				return fmt.Errorf("CRL %+q: serial %s: %w", o.File, pki.SerialHex(e.SerialNumber), err)
			}
		}
		if err := r.Check(); err != nil {
			return fmt.Errorf("CRL %+q: serial %s: %w", o.File, pki.SerialHex(e.SerialNumber), err)
		}
		where := o.File + ": serial " + pki.SerialHex(e.SerialNumber)
		o.Revoked = append(o.Revoked, Foreign{Where: where, Serial: e.SerialNumber, Issuer: o.Issuer, Revoked: &r})
	}
	return nil
}

// takeCRL records the old CRL as the issuer's last one, so that the next has a higher number and the same entries.
func (i *importing) takeCRL(ctx context.Context) error {
	old := i.CRL
	switch {
	case old == nil:
		return nil
	case old.Number == nil:
		i.sum.Warnings = append(i.sum.Warnings, Untaken{old.File, "the CRL has no number"})
		return nil
	}
	i.sum.Floor = old.Number.String()
	a, _ := i.Trust().Authority(old.Issuer)
	for again := 0; ; again++ {
		state, err := i.ledger.CRLState(ctx, a.Certificate)
		if err != nil || i.Trial || old.row.Number <= state.Last.Number {
			return err
		}
		detail := person()
		detail["imported"] = printable(old.File)
		err = i.ledger.RecordCRL(ctx, a, old.row, state, ledger.Event{Time: i.now, Detail: detail})
		if !errors.Is(err, ledger.ErrConflict) || again == mostConflicts {
			return err
		}
	}
}

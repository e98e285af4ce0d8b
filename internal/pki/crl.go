package pki

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// Revocation is one entry of a CRL.
type Revocation struct {
	Serial *big.Int
	Time   time.Time // backdated as the CRL is: an entry must not be newer than its CRL
	Reason Reason
	Since  time.Time // when the key was lost or the duty ended, as far as is known (RFC 5280 5.3.2); zero: not said
}

// CRLPlan is a CRL that is about to be signed. It is complete for its issuer, of version 2, and has an authority key
// identifier and a number; it has no issuing distribution point and is no delta.
type CRLPlan struct {
	Number     int64
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    []Revocation
}

// NextCRLNumber is the number of a CRL after the one with the number last: it also rises where a restored ledger knows
// only an older one, as long as the clock goes on.
func NextCRLNumber(last int64, thisUpdate time.Time) int64 { return max(last+1, thisUpdate.Unix()) }

// ErrNoCRLSign reports an issuer whose certificate does not let it sign CRLs.
var ErrNoCRLSign = errors.New("its certificate lacks the key usage cRLSign (RFC 5280 4.2.1.3)")

// SignCRL makes a CRL and reads it back as a host would. It needs no grant: what it signs begins with a version where a
// certificate has its serial, so that no verifier takes it for a certificate, and it gives nobody an identity.
func (i *Issuer) SignCRL(p CRLPlan, now time.Time) (*CRL, error) {
	if usage := i.Certificate.KeyUsage; usage&x509.KeyUsageCRLSign == 0 {
		return nil, fmt.Errorf("signing a CRL of issuer %q: %w", i.Name, ErrNoCRLSign)
	}
	template, err := p.template()
	if err != nil {
		return nil, fmt.Errorf("signing a CRL of issuer %q: %w", i.Name, err)
	}
	issuer := *i.Certificate
	issuer.SubjectKeyId = i.keyID // an adopted issuer may have none
	raw, err := x509.CreateRevocationList(rand.Reader, template, &issuer, i.key)
	if err != nil {
		return nil, fmt.Errorf("signing a CRL of issuer %q: %w", i.Name, err)
	}
	crl, err := i.VerifyCRL(raw, nil, now)
	if err == nil {
		err = crl.asPlanned(p)
	}
	if err != nil {
		return nil, fmt.Errorf("reading back a CRL of issuer %q: %w", i.Name, err)
	}
	return crl, nil
}

func (p CRLPlan) template() (*x509.RevocationList, error) {
	if p.Number < 1 || !p.NextUpdate.After(p.ThisUpdate) {
		return nil, fmt.Errorf("number %d, from %s to %s", p.Number, Stamp(p.ThisUpdate), Stamp(p.NextUpdate))
	}
	list := &x509.RevocationList{
		Number: big.NewInt(p.Number), ThisUpdate: p.ThisUpdate.UTC().Truncate(time.Second),
		NextUpdate:                p.NextUpdate.UTC().Truncate(time.Second),
		RevokedCertificateEntries: make([]x509.RevocationListEntry, len(p.Entries)),
	}
	for i, r := range p.Entries {
		if r.Serial == nil || r.Serial.Sign() <= 0 {
			return nil, fmt.Errorf("entry %d: serial %v, expected a positive one", i+1, r.Serial)
		}
		entry := x509.RevocationListEntry{SerialNumber: r.Serial, RevocationTime: r.Time.UTC().Truncate(time.Second),
			ReasonCode: int(r.Reason)}
		if !r.Since.IsZero() {
			date, err := asn1.MarshalWithParams(r.Since.UTC().Truncate(time.Second), "generalized")
			if err != nil {
				return nil, err
			}
			entry.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier(oidInvalidityDate), Value: date}}
		}
		list.RevokedCertificateEntries[i] = entry
	}
	return list, nil
}

// String is the entry in one line.
func (r Revocation) String() string {
	text := fmt.Sprintf("%s %s %s", SerialHex(r.Serial), Stamp(r.Time), r.Reason)
	if !r.Since.IsZero() {
		text += " since " + Stamp(r.Since)
	}
	return text
}

func (r Revocation) equal(other Revocation) bool {
	return r.Serial.Cmp(other.Serial) == 0 && r.Reason == other.Reason &&
		r.Time.Unix() == other.Time.Unix() && r.Since.Unix() == other.Since.Unix()
}

var (
	oidReasonCode     = []int{2, 5, 29, 21}
	oidInvalidityDate = []int{2, 5, 29, 24}
)

// Entry is the entry in DER, as a CRL has it.
func (r Revocation) Entry() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1BigInt(r.Serial)
		if r.Time.UTC().Year() < 2050 { // RFC 5280 5.1.2.4
			b.AddASN1UTCTime(r.Time.UTC())
		} else {
			b.AddASN1GeneralizedTime(r.Time.UTC())
		}
		if r.Since.IsZero() && r.Reason == Unspecified {
			return
		}
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			if !r.Since.IsZero() {
				addExtension(b, oidInvalidityDate, func(b *cryptobyte.Builder) {
					b.AddASN1GeneralizedTime(r.Since.UTC())
				})
			}
			if r.Reason != Unspecified {
				addExtension(b, oidReasonCode, func(b *cryptobyte.Builder) { b.AddASN1Enum(int64(r.Reason)) })
			}
		})
	})
	return b.Bytes()
}

// Check refuses a revocation that no CRL can list, whose time is out of range.
func (r Revocation) Check() error {
	if _, err := r.Entry(); err != nil {
		return fmt.Errorf("no CRL can list that it was revoked at %s", Stamp(r.Time))
	}
	return nil
}

func addExtension(b *cryptobyte.Builder, id asn1.ObjectIdentifier, value cryptobyte.BuilderContinuation) {
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1ObjectIdentifier(id)
		b.AddASN1(der.OCTET_STRING, value)
	})
}

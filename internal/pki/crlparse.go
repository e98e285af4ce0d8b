package pki

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"iter"
	"math/big"
	"time"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

// MaxCRLSize is how many bytes of a CRL are read: about 1.4 million entries.
const MaxCRLSize = 64 << 20

// CRL is a certificate revocation list whose form was checked, and its signature where VerifyCRL returned it.
type CRL struct {
	Raw        []byte // DER
	Number     *big.Int
	ThisUpdate time.Time
	NextUpdate time.Time
	Entries    int

	list    *x509.RevocationList // without its entries
	entries cryptobyte.String
}

// EncodeCRL is a CRL as PEM.
func EncodeCRL(raw []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: raw})
}

// DecodeCRL gives the DER of a CRL in PEM.
func DecodeCRL(text []byte) ([]byte, error) {
	block, rest := pem.Decode(text)
	if block == nil || block.Type != "X509 CRL" || len(block.Headers) > 0 || len(bytes.TrimSpace(rest)) > 0 {
		return nil, errors.New("not one PEM block X509 CRL")
	}
	return block.Bytes, nil
}

// ParseCRL reads the DER of a complete CRL of version 2: with a number and an end, and without anything critical, as
// a partial, an indirect or a delta CRL has it (RFC 5280 5.2). The standard library reads everything but the entries:
// it would keep each of them in memory twice.
func ParseCRL(raw []byte) (*CRL, error) {
	if len(raw) > MaxCRLSize {
		return nil, fmt.Errorf("%d bytes, more than %d", len(raw), MaxCRLSize)
	}
	parts, err := splitCRL(raw)
	if err != nil {
		return nil, err
	}
	header, err := parts.withoutEntries()
	if err != nil {
		return nil, err
	}
	list, err := x509.ParseRevocationList(header)
	if err != nil {
		return nil, err
	}
	list.Raw, list.RawTBSRevocationList = raw, parts.tbs
	for _, extension := range list.Extensions {
		if extension.Critical || extension.Id.String() == "2.5.29.27" || extension.Id.String() == "2.5.29.28" {
			return nil, fmt.Errorf("it has the extension %v: it is not complete", extension.Id)
		}
	}
	switch {
	case list.Number == nil || list.Number.Sign() <= 0:
		return nil, errors.New("no CRL number (RFC 5280 5.2.3), or one below 1")
	case !list.NextUpdate.After(list.ThisUpdate):
		return nil, fmt.Errorf("it is good from %s to %s", Stamp(list.ThisUpdate), Stamp(list.NextUpdate))
	}
	crl := &CRL{Raw: raw, Number: list.Number, ThisUpdate: list.ThisUpdate, NextUpdate: list.NextUpdate, list: list,
		entries: parts.entries}
	return crl, crl.count()
}

// partsOfCRL are where the parts of a CRL are in its bytes.
type partsOfCRL struct {
	tbs, before, entries, after, signature cryptobyte.String
}

func splitCRL(raw []byte) (p partsOfCRL, err error) {
	malformed := errors.New("not the DER of a CRL")
	input := cryptobyte.String(raw)
	var list, tbs, algorithm, bits cryptobyte.String
	if !input.ReadASN1(&list, der.SEQUENCE) || !input.Empty() || !list.ReadASN1Element(&p.tbs, der.SEQUENCE) {
		return p, malformed
	}
	p.signature = list
	if !list.ReadASN1(&algorithm, der.SEQUENCE) || !list.ReadASN1(&bits, der.BIT_STRING) || !list.Empty() {
		return p, malformed
	}
	if whole := p.tbs; !whole.ReadASN1(&tbs, der.SEQUENCE) {
		return p, malformed
	}
	p.before = tbs
	if !tbs.SkipASN1(der.INTEGER) || !tbs.SkipASN1(der.SEQUENCE) || !tbs.SkipASN1(der.SEQUENCE) {
		return p, malformed
	}
	for tbs.PeekASN1Tag(der.UTCTime) || tbs.PeekASN1Tag(der.GeneralizedTime) {
		var tag der.Tag
		if !tbs.ReadAnyASN1(&algorithm, &tag) {
			return p, malformed
		}
	}
	p.before = p.before[:len(p.before)-len(tbs)]
	if tbs.PeekASN1Tag(der.SEQUENCE) && !tbs.ReadASN1(&p.entries, der.SEQUENCE) {
		return p, malformed
	}
	p.after = tbs
	if !tbs.SkipOptionalASN1(der.Tag(0).Constructed().ContextSpecific()) || !tbs.Empty() {
		return p, malformed
	}
	return p, nil
}

// withoutEntries is the CRL's DER as if it had no entries. Its signature does not verify.
func (p partsOfCRL) withoutEntries() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(der.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddBytes(p.before)
			b.AddBytes(p.after)
		})
		b.AddBytes(p.signature)
	})
	return b.Bytes()
}

// count reads every entry once.
func (c *CRL) count() error {
	for entries := c.entries; !entries.Empty(); c.Entries++ {
		if _, err := readEntry(&entries); err != nil {
			return fmt.Errorf("entry %d: %w", c.Entries+1, err)
		}
	}
	return nil
}

// All are the entries in their order. They are read from the bytes at each call.
func (c *CRL) All() iter.Seq[Revocation] {
	return func(yield func(Revocation) bool) {
		for entries := c.entries; !entries.Empty(); {
			r, err := readEntry(&entries)
			if err != nil || !yield(r) { // count has read all of them
				return
			}
		}
	}
}

// Revokes finds a certificate's entry by its serial.
func (c *CRL) Revokes(serial *big.Int) (Revocation, bool) {
	for r := range c.All() {
		if r.Serial.Cmp(serial) == 0 {
			return r, true
		}
	}
	return Revocation{}, false
}

// ParseRevocation reads what Entry wrote.
func ParseRevocation(entry []byte) (Revocation, error) {
	s := cryptobyte.String(entry)
	r, err := readEntry(&s)
	if err == nil && !s.Empty() {
		err = errors.New("malformed")
	}
	return r, err
}

func readEntry(entries *cryptobyte.String) (r Revocation, err error) {
	var entry, extensions cryptobyte.String
	var present bool
	r.Serial = new(big.Int)
	if !entries.ReadASN1(&entry, der.SEQUENCE) || !entry.ReadASN1Integer(r.Serial) || !readTime(&entry, &r.Time) ||
		!entry.ReadOptionalASN1(&extensions, &present, der.SEQUENCE) || !entry.Empty() {
		return r, errors.New("malformed")
	}
	for !extensions.Empty() {
		if err := readEntryExtension(&extensions, &r); err != nil {
			return r, err
		}
	}
	return r, nil
}

func readTime(s *cryptobyte.String, t *time.Time) bool {
	if s.PeekASN1Tag(der.GeneralizedTime) {
		return s.ReadASN1GeneralizedTime(t)
	}
	return s.ReadASN1UTCTime(t)
}

// readEntryExtension reads one extension of an entry. A critical one changes what the entry is about: of an indirect
// CRL it names another issuer.
func readEntryExtension(extensions *cryptobyte.String, r *Revocation) error {
	var extension, value cryptobyte.String
	var id asn1.ObjectIdentifier
	var critical bool
	if !extensions.ReadASN1(&extension, der.SEQUENCE) || !extension.ReadASN1ObjectIdentifier(&id) ||
		extension.PeekASN1Tag(der.BOOLEAN) && !extension.ReadASN1Boolean(&critical) ||
		!extension.ReadASN1(&value, der.OCTET_STRING) || !extension.Empty() {
		return errors.New("a malformed extension")
	}
	var reason int
	switch {
	case critical:
		return fmt.Errorf("the critical extension %v", id)
	case id.Equal(oidReasonCode) && (!value.ReadASN1Enum(&reason) || !value.Empty()):
		return errors.New("a malformed reason")
	case id.Equal(oidReasonCode):
		r.Reason = Reason(reason)
	case id.Equal(oidInvalidityDate) && (!value.ReadASN1GeneralizedTime(&r.Since) || !value.Empty()):
		return errors.New("a malformed invalidity date")
	}
	return nil
}

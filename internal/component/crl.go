package component

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"ca-exchange/internal/pki"
)

// ErrOtherCRL: what lies in the place of an issuer's CRL is another CA's.
var ErrOtherCRL = errors.New("another CA's CRL is in place")

// crlPEMSuffix ends the name of the file in PEM beside a CRL. etcd reads DER, OpenVPN and nginx PEM.
const crlPEMSuffix = ".pem"

// CRL is an issuer's CRL in its place on this host.
type CRL struct {
	Issuer  string
	File    string   // below the component directory, or absolute
	List    *pki.CRL // nil where the pinned issuer's is not there
	Problem error    // why not
	Apply   Apply
}

// How a CRL stands.
const (
	CRLCurrent = "Current"
	CRLDue     = "Due"     // the CA should have signed the next one
	CRLStale   = "Stale"   // it has ended: etcd goes on with it, OpenVPN and nginx refuse every client
	CRLMissing = "Missing" // it is not there any more, or cannot be read
)

// Status is how the CRL stands at a time.
func (c CRL) Status(now time.Time) string {
	switch {
	case c.List == nil:
		return CRLMissing
	case now.After(c.List.NextUpdate):
		return CRLStale
	case !now.Before(crlDue(c.List)):
		return CRLDue
	}
	return CRLCurrent
}

// crlDue is when the next one should be there: after two thirds of a CRL's life, since the CA signs it at half.
func crlDue(l *pki.CRL) time.Time { return l.NextUpdate.Add(-l.NextUpdate.Sub(l.ThisUpdate) / 3) }

// CRLs are the CRLs that were put into place, as they lie there now.
func (c *Component) CRLs() (all []CRL, err error) {
	files, err := c.IssuerFiles()
	if err != nil {
		return nil, err
	}
	trust, err := c.Issuers()
	if errors.Is(err, ErrUnpinned) || errors.Is(err, ErrIssuers) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		if !f.IsCRL() {
			continue
		}
		one := CRL{Issuer: f.Issuer, File: f.File, Apply: f.Apply}
		if short, err := filepath.Rel(c.path, f.File); err == nil && filepath.IsLocal(short) {
			one.File = short
		}
		authority, ok := trust.Authority(f.Issuer)
		if !ok {
			continue // of a CA that the host left
		}
		at := crlPlace{issuer: f.Issuer, authority: authority, root: filepath.Dir(f.File), file: filepath.Base(f.File)}
		if one.List, one.Problem = c.crlInPlace(at); one.List == nil {
			one.Problem = cmp.Or(one.Problem, error(fs.ErrNotExist))
		}
		all = append(all, one)
	}
	return all, nil
}

// Revoked is an installed certificate that an installed CRL names.
type Revoked struct {
	Item
	Reason pki.Reason
}

// Revoked are those of this host.
func (c *Component) Revoked() (all []Revoked, err error) {
	lists, err := c.CRLs()
	if err != nil || len(lists) == 0 {
		return nil, err
	}
	trust, err := c.Issuers()
	if err != nil {
		return nil, err
	}
	items, err := c.Items()
	for _, i := range items {
		for _, l := range lists {
			issuer, ok := trust.Authority(l.Issuer)
			if !ok || l.List == nil || i.Certificate == nil ||
				!bytes.Equal(i.Certificate.RawIssuer, issuer.Certificate.RawSubject) {
				continue
			}
			if r, ok := l.List.Revokes(i.Certificate.SerialNumber); ok {
				all = append(all, Revoked{i, r.Reason})
				break // with one issuer for all, its CRL has several places
			}
		}
	}
	return all, err
}

// crlPlace is where an issuer's CRL belongs: beside its certificate.
type crlPlace struct {
	issuer     string
	authority  pki.Authority
	root, file string
}

// crlPlaces are the places on this host: none before something is installed under the pinned issuers.
func (c *Component) crlPlaces() (all []crlPlace, err error) {
	trust, err := c.Issuers()
	if errors.Is(err, ErrUnpinned) || errors.Is(err, ErrIssuers) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	states, err := c.Requests()
	if err != nil {
		return nil, err
	}
	for _, s := range states {
		if s.Status != StatusInstalled {
			continue
		}
		issuers, err := issuersBeside(trust, s)
		if err != nil {
			return nil, err
		}
		for _, i := range issuers {
			at := crlPlace{issuer: i.Name, authority: i.authority}
			at.root, at.file = s.Files.issuer(i.CRL())
			path := c.absolute(at.root, at.file)
			if !slices.ContainsFunc(all, func(p crlPlace) bool { return c.absolute(p.root, p.file) == path }) {
				all = append(all, at)
			}
		}
	}
	return all, nil
}

// crlInPlace reads what lies in a place: nil where nothing does, or nothing that is a CRL. One in PEM is read, too, so
// that whoever put it there keeps its number.
func (c *Component) crlInPlace(at crlPlace) (*pki.CRL, error) {
	raw, err := c.readUpTo(2*pki.MaxCRLSize, at.root, at.file)
	if err != nil {
		return nil, existing(err)
	}
	if text, err := pki.DecodeCRL(raw); err == nil {
		raw = text
	}
	have, err := pki.ParseCRL(raw)
	if err != nil {
		return nil, nil
	}
	if _, err := at.authority.VerifyCRL(raw, nil, have.ThisUpdate); err != nil {
		return nil, fmt.Errorf("%w: %q: %w", ErrOtherCRL, c.absolute(at.root, at.file), err)
	}
	return have, nil
}

// crlSum is SHA-256 of a CRL's DER, hex.
func crlSum(l *pki.CRL) string {
	sum := sha256.Sum256(l.Raw)
	return hex.EncodeToString(sum[:])
}

// holdsCRL reports whether a CRL was put into place as a whole: its record is there, too.
func (c *Component) holdsCRL(at crlPlace, l *pki.CRL) (bool, error) {
	files, err := c.IssuerFiles()
	if err != nil {
		return false, err
	}
	path, sum := c.absolute(at.root, at.file), crlSum(l)
	recorded := slices.ContainsFunc(files, func(f IssuerFile) bool { return f.File == path && f.Fingerprint == sum })
	if !recorded {
		return false, nil
	}
	raw, err := c.readUpTo(len(l.Raw), at.root, at.file)
	return err == nil && bytes.Equal(raw, l.Raw), nil
}

package component

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
)

// CRLProgress is how an issuer's CRL stands after one was looked for.
type CRLProgress struct {
	Issuer    string
	File      string   // below the component directory, or absolute
	List      *pki.CRL // what is in place now; nil for none
	Installed bool     // it was put there now
	Refused   error    // why what was found is not believed; what is in place stays
	Failed    error    // why it could not be put into place
}

// ErrNoCRLPlace: no certificate is installed under the issuer of a CRL, so it has no place on this host.
var ErrNoCRLPlace = errors.New("nothing is installed on this host under the issuer of this CRL")

// TakeCRLs looks for the CRLs of the pinned issuers in the outbox and puts into place those that are verified and newer
// than what is there. A CA without CRLs is passed over. Sync comes before: beside what it installs there are places.
func (c *Component) TakeCRLs(x *inbox.Exchange) ([]CRLProgress, error) {
	lock, err := c.Lock()
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	places, err := c.crlPlaces()
	if err != nil {
		return nil, err
	}
	read := map[string]inbox.Content{}
	var all []CRLProgress
	for _, at := range places {
		name := at.authority.Name
		content, done := read[name]
		if !done {
			content = x.ReadCRL(name, pki.MaxCRLSize)
			read[name] = content
		}
		if content.State == inbox.Gone {
			continue
		}
		out := newCRLProgress(at)
		if err := content.Unread(); err != nil {
			out.Refused = fmt.Errorf("reading outbox/%s%s: %w", name, inbox.CRLSuffix, err)
		} else {
			c.takeCRL(at, content.Bytes, &out)
		}
		all = append(all, out)
	}
	return all, nil
}

// InstallCRL is TakeCRLs for a CRL in DER that came by mail.
func (c *Component) InstallCRL(raw []byte) ([]CRLProgress, error) {
	lock, err := c.Lock()
	if err != nil {
		return nil, err
	}
	defer lock.Release()
	trust, err := c.Issuers()
	if err != nil {
		return nil, err
	}
	authority, err := signerOf(raw, trust, c)
	if err != nil {
		return nil, err
	}
	places, err := c.crlPlaces()
	if err != nil {
		return nil, err
	}
	var all []CRLProgress
	for _, at := range places {
		if at.authority.Name == authority.Name {
			out := newCRLProgress(at)
			c.takeCRL(at, raw, &out)
			all = append(all, out)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("%w: %s", ErrNoCRLPlace, authority.Name)
	}
	return all, nil
}

// signerOf is the pinned issuer that signed a CRL.
func signerOf(raw []byte, trust pki.Trust, c *Component) (pki.Authority, error) {
	if _, err := pki.ParseCRL(raw); err != nil {
		return pki.Authority{}, fmt.Errorf("reading the CRL: %w", err)
	}
	var whys []string
	for _, a := range trust.Authorities {
		_, err := a.VerifyCRL(raw, nil, c.Now())
		if err == nil {
			return a, nil
		}
		whys = append(whys, err.Error())
	}
	return pki.Authority{}, fmt.Errorf("it is of no pinned issuer: %s", strings.Join(whys, "; "))
}

func newCRLProgress(at crlPlace) CRLProgress {
	return CRLProgress{Issuer: at.issuer, File: filepath.Join(at.root, at.file)}
}

// takeCRL puts a CRL into a place if it is verified. Its hooks are owed before its file is there: killed in between,
// the next look finds another file and does both again.
func (c *Component) takeCRL(at crlPlace, raw []byte, out *CRLProgress) {
	have, err := c.crlInPlace(at)
	if errors.Is(err, ErrOtherCRL) {
		out.Refused = err
		return
	}
	if err != nil {
		out.Failed = err
		return
	}
	out.List = have
	next, err := at.authority.VerifyCRL(raw, have, c.Now())
	if err != nil {
		out.Refused = err
		return
	}
	there, err := c.holdsCRL(at, next)
	if err == nil && !there {
		err = c.owe(IssuerFile{
			Issuer: at.issuer, File: c.absolute(at.root, at.file), Fingerprint: crlSum(next),
			Number: next.Number.String(), NotAfter: next.NextUpdate.UTC(),
		})
	}
	if err == nil {
		err = c.putCRL(at, next)
	}
	if err != nil {
		out.Failed = err
		return
	}
	out.List, out.Installed = next, !there
}

// putCRL writes both forms of a CRL; each is whole at any time. DER comes first, and finishCRLs goes by it: the form in
// PEM is never the newer one.
func (c *Component) putCRL(at crlPlace, l *pki.CRL) error {
	if err := c.write(place{root: at.root, file: at.file, bytes: l.Raw, mode: 0o644}); err != nil {
		return err
	}
	text := pki.EncodeCRL(l.Raw)
	return c.write(place{root: at.root, file: at.file + crlPEMSuffix, bytes: text, mode: 0o644})
}

// finishCRLs writes the form in PEM where a kill left it behind the one in DER. It needs no exchange.
func (c *Component) finishCRLs() error {
	places, err := c.crlPlaces()
	if err != nil {
		return err
	}
	var errs []error
	for _, at := range places {
		have, err := c.crlInPlace(at)
		if err != nil || have == nil {
			continue // the doctor reports it
		}
		if there, err := c.holdsCRL(at, have); err != nil || !there {
			errs = append(errs, err)
			continue
		}
		errs = append(errs, c.putCRL(at, have))
	}
	return errors.Join(errs...)
}

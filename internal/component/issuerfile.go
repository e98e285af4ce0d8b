package component

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// issuersFile says how far the hooks of issuers' certificates and CRLs are, below the private part.
const issuersFile = "issuers.json"

// IssuerFile is an issuer's certificate or CRL that was put into place, and how far its hooks are.
type IssuerFile struct {
	Issuer      string    `json:"issuer"`
	File        string    `json:"file"`        // absolute
	Fingerprint string    `json:"fingerprint"` // SHA-256 of its DER
	Serial      string    `json:"serial,omitempty"`
	Number      string    `json:"number,omitempty"` // of a CRL; "" for a certificate
	NotAfter    time.Time `json:"notAfter"`         // of a CRL, when the next one is there
	Apply       Apply     `json:"apply"`
}

// IsCRL reports whether it is a CRL, not a certificate.
func (f IssuerFile) IsCRL() bool { return f.Number != "" }

type issuersDocument struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Items      []IssuerFile `json:"items"`
}

// IssuerFiles are the issuers' certificates and CRLs that hooks were, or are to be, run for.
func (c *Component) IssuerFiles() ([]IssuerFile, error) {
	text, _, err := c.private.Read(issuersFile, sizeLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var d issuersDocument
	if err := json.Unmarshal(text, &d); err != nil {
		return nil, fmt.Errorf("reading %s: %w", issuersFile, err)
	}
	return d.Items, nil
}

func (c *Component) saveIssuerFiles(all []IssuerFile) error {
	text, err := json.MarshalIndent(issuersDocument{refusal.APIVersion, "IssuerFiles", all}, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", issuersFile, err)
	}
	return c.private.Replace(issuersFile, append(text, '\n'), 0o600)
}

// oweIssuer records that hooks are owed for an issuer's file that is about to be written. The file comes second: killed
// in between, the next Sync finds no file and does both again; the other way round the hooks would be lost.
func (c *Component) oweIssuer(name, root, file string, a pki.Authority) error {
	return c.owe(IssuerFile{
		Issuer: name, File: c.absolute(root, file), Fingerprint: pki.Fingerprint(a.Certificate),
		Serial: pki.SerialHex(a.Certificate.SerialNumber), NotAfter: a.Certificate.NotAfter.UTC(),
	})
}

// owe records a file that is about to be written in place of what was recorded of it.
func (c *Component) owe(file IssuerFile) error {
	all, err := c.IssuerFiles()
	if err != nil {
		return err
	}
	all = slices.DeleteFunc(all, func(f IssuerFile) bool { return f.File == file.File })
	file.Apply = Apply{State: ApplyPending}
	return c.saveIssuerFiles(append(all, file))
}

// absolute is the absolute path of a file below a root, "" for one that there is none of.
func (c *Component) absolute(root, file string) string {
	switch {
	case file == "" || filepath.IsAbs(file):
		return file
	case root == "":
		root = c.path
	}
	return filepath.Join(root, file)
}

func (f IssuerFile) hookItem() HookItem {
	if f.IsCRL() {
		return HookItem{Issuer: f.Issuer, CRL: f.File, Number: f.Number, NotAfter: f.NotAfter}
	}
	return HookItem{Issuer: f.Issuer, Certificate: f.File, NewSerial: f.Serial, NotAfter: f.NotAfter}
}

package ca

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// Setup is what `ca-admin init` asks for.
type Setup struct {
	Issuers  []pki.IssuerSpec // to be made
	Waiting  []pki.IssuerSpec // whose keys are made, and whose certificates a parent will sign: see Adopt
	Imported []Imported       // to be adopted
	Policy   []byte           // policy.yaml
	Guard    Guard            // of the keys that are made

	Signers map[string]policy.Signer // who signs for issuers whose keys are elsewhere; their specs have no key yet
}

// Imported is an issuer that exists already: its certificate first, then the chain above it, and its key's PEM as it
// is kept (a passphrase stays on it).
type Imported struct {
	Issuer *pki.Issuer
	Key    []byte
}

// made is an issuer with the bytes of its key file, nil where its key is elsewhere. One that waits for its parent has a
// request and no certificate.
type made struct {
	pki.Authority
	key, request []byte
}

// Create makes a CA directory: whole, or not at all. ErrExists says that one stands there, which is never touched.
func Create(path string, setup Setup, s Settings) (*CA, error) {
	if entries, err := os.ReadDir(path); err == nil && len(entries) > 0 {
		return nil, fmt.Errorf("%w: %q", ErrExists, path)
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	issuers, err := makeIssuers(setup, s)
	if err != nil {
		return nil, err
	}
	parent := filepath.Dir(filepath.Clean(path))
	if err := durable.MakeAll(parent, 0o755); err != nil {
		return nil, err
	}
	// A half-made directory never has the final name: an interrupted init leaves only a temporary one.
	building, err := os.MkdirTemp(parent, ".ca-exchange-*.tmp") // 0700
	if err != nil {
		return nil, err
	}
	if err := fill(building, issuers, setup, s); err != nil {
		return nil, errors.Join(err, os.RemoveAll(building))
	}
	if err := os.Rename(building, path); err != nil {
		return nil, errors.Join(err, os.RemoveAll(building))
	}
	if err := durable.SyncDir(parent); err != nil {
		return nil, err
	}
	return Open(path, s)
}

func makeIssuers(setup Setup, s Settings) ([]made, error) {
	var all []made
	for _, imported := range setup.Imported {
		all = append(all, made{Authority: imported.Issuer.Authority, key: imported.Key})
	}
	for _, spec := range setup.Issuers {
		with, elsewhere := setup.Signers[spec.Name]
		if elsewhere {
			var err error
			if spec.Key, err = s.found(with); err != nil {
				return nil, fmt.Errorf("making issuer %q: %w", spec.Name, err)
			}
		}
		issuer, key, err := pki.CreateIssuer(spec, s.Now())
		if err != nil {
			return nil, fmt.Errorf("making issuer %q: %w", spec.Name, err)
		}
		m := made{Authority: issuer.Authority}
		if !elsewhere {
			if m.key, err = setup.Guard.Encode(key); err != nil {
				return nil, err
			}
		}
		all = append(all, m)
	}
	for _, spec := range setup.Waiting {
		waiting, err := makeWaiting(spec, setup.Guard)
		if err != nil {
			return nil, fmt.Errorf("making the request of issuer %q: %w", spec.Name, err)
		}
		all = append(all, waiting)
	}
	return all, nil
}

func fill(path string, issuers []made, setup Setup, s Settings) error {
	dir, err := durable.Open(path)
	if err != nil {
		return err
	}
	defer dir.Close()
	authorities := make([]pki.Authority, 0, len(issuers))
	for _, m := range issuers {
		if err := storeIssuer(dir, m); err != nil {
			return err
		}
		if m.request == nil {
			authorities = append(authorities, m.Authority)
		}
	}
	var trust pki.Trust
	if len(authorities) > 0 {
		if trust, err = trustOf(authorities); err != nil {
			return err
		}
	}
	if err := dir.Create(policyFile, setup.Policy, 0o600); err != nil {
		return err
	}
	if err := storeSigners(dir, setup.Signers); err != nil {
		return err
	}
	if err := makeSecret(dir); err != nil {
		return err
	}
	l, err := ledger.Create(filepath.Join(path, ledgerFile), s.Now())
	if err != nil {
		return err
	}
	if trust.Fingerprint != "" {
		err = rememberTrust(l, trust.Fingerprint)
	}
	return errors.Join(err, l.Close())
}

package e2e_test

import (
	"context"
	"crypto"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/component"
	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pass"
	"ca-exchange/internal/pki"
)

// recovers: on a system that works again everything is done in a few attempts, as a timer or a person makes them.
func (w *flow) recovers(ctx context.Context, asks []kube.Ask) (err error) {
	for range 3 {
		w.late += 3 * time.Minute // beyond which what a dead process had taken aside is put back
		if err = w.run(ctx, asks); err == nil {
			return nil
		}
	}
	return fmt.Errorf("three attempts later: %w", err)
}

// holds says which promise is broken: one certificate for each request, the chain whole, what is installed in the
// ledger, key and certificate of each other, nothing left lying about.
func (w *flow) holds(ctx context.Context) error {
	w.late += 3 * time.Hour // temporaries are old now
	err := w.withCA(ctx, func(c *ca.CA, x *inbox.Exchange) error {
		if _, err := pass.Sync(ctx, c, x, pass.Options{}); err != nil {
			return err
		}
		if err := c.Ledger().Verify(ctx, 0, ""); err != nil {
			return err
		}
		certificates := map[pki.ID]int{}
		for one, err := range c.Ledger().Certificates(ctx, ledger.Filter{}) {
			if err != nil {
				return err
			}
			if certificates[one.Request]++; certificates[one.Request] > 1 {
				return fmt.Errorf("P1: two certificates for %s", one.Request)
			}
		}
		if len(certificates) != len(places) {
			return fmt.Errorf("P1: %d certificates for %d requests", len(certificates), len(places))
		}
		for _, files := range places {
			leaf, key, err := w.installed(files)
			if err != nil {
				return err
			}
			if _, ok, err := c.Ledger().CertificateByFingerprint(ctx, leaf); err != nil || !ok {
				return fmt.Errorf("P5: the ledger does not know what is installed in %s: %w", files.Place(), err)
			}
			if err := key; err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	host, err := component.Open(w.path("host"), component.Settings{Now: w.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	defer host.Close()
	if _, err := w.sync(ctx, host); err != nil {
		return err
	}
	return w.tidy()
}

// installed gives the fingerprint of the certificate in a place, and what is wrong with its key.
func (w *flow) installed(f component.Files) (fingerprint string, wrong error, err error) {
	var certificate, key []byte
	if f.Kubeconfig != "" {
		text, err := os.ReadFile(w.path("host/" + f.Kubeconfig))
		if err != nil {
			return "", nil, err
		}
		k, err := kube.ParseKubeconfig(text)
		if err != nil {
			return "", nil, err
		}
		certificate, key = k.Certificate, k.Key
	} else {
		if certificate, err = os.ReadFile(w.path("host/" + f.Certificate)); err != nil {
			return "", nil, err
		}
		if key, err = os.ReadFile(w.path("host/" + f.Key)); err != nil {
			return "", nil, err
		}
	}
	chain, err := pki.ParseCertificates(certificate)
	if err != nil {
		return "", nil, err
	}
	signer, err := pki.ParsePrivateKey(key, nil)
	if err != nil {
		return "", nil, err
	}
	if public, ok := signer.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok ||
		!public.Equal(chain[0].PublicKey) {
		wrong = fmt.Errorf("%s: key and certificate do not belong together", f.Place())
	}
	return pki.Fingerprint(chain[0]), wrong, nil
}

// published are the CA's own files in the outbox.
var published = []string{"issuers.pem", "ca.crt", "ca.crl", "features.json", "head.json"}

// tidy says what lies about that should not.
func (w *flow) tidy() error {
	return filepath.WalkDir(w.dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(path, w.dir+"/")
		switch {
		case durable.IsTemporary(e.Name()):
			return fmt.Errorf("left lying: %s", name)
		case strings.HasPrefix(name, "exchange/inbox/"), strings.HasPrefix(name, "exchange/rejected/") && !e.IsDir() &&
			!(w.denied && slices.Contains(published, e.Name())):
			return fmt.Errorf("left lying: %s", name)
		case strings.HasPrefix(name, "exchange/outbox/") && !e.IsDir() && !slices.Contains(published, e.Name()):
			return fmt.Errorf("left lying: %s", name)
		}
		return nil
	})
}

// partial says which file under its own name is not whole: what others may take at any moment.
func (w *flow) partial() error {
	for _, pattern := range []string{"exchange/inbox/*.csr", "exchange/outbox/*.crt", "host/pki/*.crt",
		"host/pki/*.key"} {
		files, err := filepath.Glob(w.path(pattern))
		if err != nil {
			return err
		}
		for _, file := range files {
			b, err := os.ReadFile(file)
			if err == nil && !strings.HasSuffix(string(b), "-----\n") {
				return fmt.Errorf("P4: a part of %s is there: %q", file, b)
			}
		}
	}
	return nil
}

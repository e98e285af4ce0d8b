package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// adopted reads the issuers that are imported, and lets each sign for its profiles once: an issuer's limits would
// otherwise show at the first request.
func (i *initCommand) adopted(a *app) ([]ca.Imported, error) {
	release, err := releaseOf(i.Kubernetes)
	if err != nil {
		return nil, err
	}
	var all []ca.Imported
	if i.ImportPKI != "" {
		all, err = i.adoptAll(a)
	} else {
		var one ca.Imported
		one, err = adopt(a, kube.ClusterIssuer, i.ImportCert, i.ImportKey)
		all = []ca.Imported{one}
	}
	if err != nil {
		return nil, err
	}
	for _, imported := range all {
		if err := prove(a, imported.Issuer, profilesOf(imported.Issuer.Name, len(all), release)); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// profilesOf are the profiles that an issuer signs for: all of them where it is the only one.
func profilesOf(issuer string, issuers int, release kube.Release) []pki.Profile {
	var own []pki.Profile
	for _, p := range kube.Profiles(release) {
		if issuers == 1 || p.Issuer == issuer {
			own = append(own, p.Profile)
		}
	}
	return own
}

// prove makes a trial signature for each profile. An issuer that can sign for some of them is adopted with a warning.
func prove(a *app, issuer *pki.Issuer, profiles []pki.Profile) error {
	var failures []error
	for _, p := range profiles {
		if err := issuer.Prove(a.settings().Now(), p); err != nil {
			failures = append(failures, err)
		}
	}
	if len(failures) == len(profiles) {
		return failures[0]
	}
	for _, err := range failures {
		a.Warn("%v", err)
	}
	return nil
}

// adoptAll takes the issuers of a kubeadm pki directory that are there with their keys.
func (i *initCommand) adoptAll(a *app) ([]ca.Imported, error) {
	var all []ca.Imported
	for _, known := range kube.Issuers() {
		certificate, key := filepath.Join(i.ImportPKI, known.Certificate), filepath.Join(i.ImportPKI, known.Key)
		if _, err := os.Stat(certificate); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		imported, err := adopt(a, known.Name, certificate, key)
		if err != nil {
			return nil, err
		}
		all = append(all, imported)
	}
	if len(all) == 0 || all[0].Issuer.Name != kube.ClusterIssuer {
		return nil, cli.Hint(fmt.Errorf("no ca.crt in %q", i.ImportPKI), "kubeadm's is /etc/kubernetes/pki; one issuer from elsewhere: --import-cert FILE --import-key FILE")
	}
	return all, nil
}

// adopt reads an issuer: its certificate, then the chain above it, and its key.
func adopt(a *app, name, certificateFile, keyFile string) (ca.Imported, error) {
	pem, err := os.ReadFile(certificateFile)
	if err != nil {
		return ca.Imported{}, err
	}
	chain, err := pki.ParseCertificates(pem)
	if err != nil {
		return ca.Imported{}, fmt.Errorf("reading %q: %w", certificateFile, err)
	}
	text, err := os.ReadFile(keyFile)
	if err != nil {
		return ca.Imported{}, err
	}
	key, err := pki.ParsePrivateKey(text, func() ([]byte, error) { return a.settings().Passphrase(keyFile) })
	if err != nil {
		return ca.Imported{}, fmt.Errorf("reading %q: %w", keyFile, err)
	}
	issuer, err := pki.NewIssuer(name, chain, key)
	return ca.Imported{Issuer: issuer, Key: text}, err
}

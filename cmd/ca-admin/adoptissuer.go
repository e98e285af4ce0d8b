package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

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
		one, err = i.adopt(a, kube.ClusterIssuer, i.ImportCert, i.ImportKey)
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
	when := a.settings().Now()
	if begin := issuer.Certificate.NotBefore.Add(time.Minute); begin.After(when) {
		when = begin // --import-early
	}
	var failures []error
	for _, p := range profiles {
		if err := issuer.Prove(when, p); err != nil {
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

// adoptAll takes the issuers of a kubeadm pki directory that are there with their keys. A certificate without its key
// is another CA's business, as with an external etcd.
func (i *initCommand) adoptAll(a *app) ([]ca.Imported, error) {
	var all []ca.Imported
	for _, known := range kube.Issuers() {
		certificate, key := filepath.Join(i.ImportPKI, known.Certificate), filepath.Join(i.ImportPKI, known.Key)
		if _, err := os.Stat(certificate); errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if _, err := os.Stat(key); errors.Is(err, fs.ErrNotExist) && known.Name != kube.ClusterIssuer {
			a.Warn("%q has no key beside it, as with an external %s: issuer %s is not adopted", certificate,
				strings.TrimSuffix(known.Name, "-ca"), known.Name)
			continue
		}
		imported, err := i.adopt(a, known.Name, certificate, key)
		if err != nil {
			return nil, err
		}
		all = append(all, imported)
	}
	if len(all) == 0 || all[0].Issuer.Name != kube.ClusterIssuer {
		return nil, cli.Hint(fmt.Errorf("no ca.crt in %q", i.ImportPKI),
			"kubeadm's is /etc/kubernetes/pki; one issuer from elsewhere: --import-cert FILE --import-key FILE")
	}
	return all, nil
}

// adopt reads an issuer: its certificate and the chain above it, in any order, and its key, which may be in the same
// file.
func (i *initCommand) adopt(a *app, name, certificateFile, keyFile string) (imported ca.Imported, err error) {
	text, err := readImport(certificateFile)
	if err != nil {
		return imported, err
	}
	certificates, err := pki.ParseIssuerCertificates(text)
	if err != nil {
		return imported, explainImport(err, certificateFile, keyFile)
	}
	if text, err = readImport(keyFile); err != nil {
		return imported, err
	}
	key, kept, err := ca.ParseKey(text, keyFile, a.forKey)
	if err != nil {
		return imported, explainImport(err, keyFile, keyFile)
	}
	path, left, err := pki.ImportPath(certificates, key.Public())
	if err != nil {
		return imported, explainImport(err, certificateFile, keyFile)
	}
	for _, c := range left {
		a.Warn("%q: %s", certificateFile, pki.LeftOut(c))
	}
	issuer, err := pki.NewIssuer(name, path, key)
	if err != nil {
		return imported, explainImport(err, certificateFile, keyFile)
	}
	warnings, err := issuer.CheckImport(a.settings().Now())
	if err != nil && !(i.ImportEarly && errors.Is(err, pki.ErrNotYetValid)) {
		return imported, explainImport(err, certificateFile, keyFile)
	}
	for _, w := range warnings {
		a.Warn("%q: %s", certificateFile, w)
	}
	if i.Encrypt && !pki.IsEncrypted(kept) {
		if kept, err = pki.EncryptPrivateKey(key, i.guard.Passphrase, pki.Scrypt); err != nil {
			return imported, err
		}
	}
	return ca.Imported{Issuer: issuer, Key: kept}, nil
}

// explainImport names the file, and adds the command that helps.
func explainImport(err error, file, keyFile string) error {
	named := fmt.Errorf("reading %q: %w", file, err)
	if e, ok := errors.AsType[*pki.ImportError](err); ok {
		return cli.Hint(named, strings.NewReplacer("FILE", quoteShell(file), "KEY",
			quoteShell(keyFile)).Replace(e.Help))
	}
	if errors.Is(err, pki.ErrEncrypted) {
		return cli.Hint(named, "run it on a terminal, or give the passphrase in a file: --passphrase-file FILE")
	}
	return named
}

// quoteShell quotes a file name for a shell where it needs it.
func quoteShell(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./+@:") == "" {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}

// importLimit bounds what is read of a file that is to be adopted, in bytes.
const importLimit = 1 << 20

func readImport(file string) ([]byte, error) {
	text, err := readFile(file, importLimit)
	if err == nil && len(text) > importLimit {
		return nil, fmt.Errorf("%q is larger than 1 MiB", file)
	}
	return text, err
}

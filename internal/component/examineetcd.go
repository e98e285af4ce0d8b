package component

import (
	"crypto/x509"
	"fmt"
	"path/filepath"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// externalEtcd examines the files that the configuration names for an etcd which is not the cluster's own. Its CA is
// somebody else's, so nothing here can be requested: the API server must still be able to use what lies there.
func (e *examination) externalEtcd() {
	if !e.Config.ExternalEtcd || e.Config.EtcdCAFile == "" {
		return
	}
	mend := remedy{fix: "ask the admin of the etcd cluster for its CA certificate and for a client certificate"}
	file := e.onHost(e.Config.EtcdCAFile)
	text := e.public(file, mend)
	if text == nil {
		return
	}
	authorities, err := pki.ParseCertificates(text)
	if err != nil {
		e.find(Wrong, file, mend, "cannot read its certificates: %v", err)
		return
	}
	roots := x509.NewCertPool()
	for _, ca := range authorities {
		roots.AddCert(ca)
		e.validity(file, ca.NotBefore, ca.NotAfter, mend)
	}
	if e.Config.OtherEtcdClient() {
		e.externalClient(roots, mend)
	}
}

// externalClient holds the API server's client certificate for such an etcd against its key and its CA.
func (e *examination) externalClient(roots *x509.CertPool, mend remedy) {
	file, keyFile := e.onHost(e.Config.EtcdClientFile), e.onHost(e.Config.EtcdKeyFile)
	text, key := e.public(file, mend), e.private(keyFile, mend)
	if text == nil || key == nil {
		return
	}
	chain, err := pki.ParseCertificates(text)
	if err != nil {
		e.find(Wrong, file, mend, "cannot read its certificate: %v", err)
		return
	}
	signer, err := pki.ParsePrivateKey(key, nil)
	if err != nil {
		e.find(Wrong, keyFile, mend, "cannot read its private key: %v", err)
		return
	}
	if err := clientOf(chain, signer.Public(), roots); err != nil {
		e.find(Wrong, file, mend, "%v", err)
	}
	e.validity(file, chain[0].NotBefore, chain[0].NotAfter, mend)
}

// clientOf says why a TLS server that trusts roots would refuse a client, whatever the time.
func clientOf(chain []*x509.Certificate, key any, roots *x509.CertPool) error {
	intermediates := x509.NewCertPool()
	for _, c := range chain[1:] {
		intermediates.AddCert(c)
	}
	leaf := chain[0]
	have, err := pki.KeyFingerprint(leaf.PublicKey)
	if err != nil {
		return err
	}
	if want, err := pki.KeyFingerprint(key); err != nil || have != want {
		return fmt.Errorf("the certificate is for another key: key %s, expected %s", have, want)
	}
	_, err = leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: intermediates, CurrentTime: leaf.NotBefore,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	})
	if err != nil {
		return fmt.Errorf("the CA of etcd would not accept %s as a client: %w", refusal.Quote(leaf.Subject.String()),
			err)
	}
	return nil
}

// onHost is a path of the configuration: below /etc/kubernetes it is below the component directory.
func (e *examination) onHost(path string) string {
	if below, err := filepath.Rel(kubeadmRoot, path); err == nil && filepath.IsLocal(below) {
		return filepath.Join(e.Path, below)
	}
	return path
}

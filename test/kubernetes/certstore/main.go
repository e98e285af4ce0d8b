// Certstore rotates a kubelet's client certificate as the kubelet does, with client-go's own certificate store.
//
//	certstore DIR
//
// DIR holds kubelet-client-current.pem. Certstore prints what the store reads there, replaces it by a self-signed pair
// of its own, and prints what the store reads then. It exits 1 where the store refuses either.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"os"
	"time"

	"k8s.io/client-go/util/certificate"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: certstore DIR")
		os.Exit(2)
	}
	if err := rotate(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "certstore: error:", err)
		os.Exit(1)
	}
}

func rotate(dir string) error {
	store, err := certificate.NewFileStore("kubelet-client", dir, dir, "", "")
	if err != nil {
		return err
	}
	current, err := store.Current()
	if err != nil {
		return fmt.Errorf("reading the current pair: %w", err)
	}
	fmt.Println("current:", current.Leaf.Subject)
	certificate, key, err := pair()
	if err != nil {
		return err
	}
	if _, err := store.Update(certificate, key); err != nil {
		return fmt.Errorf("rotating: %w", err)
	}
	if current, err = store.Current(); err != nil {
		return fmt.Errorf("reading the rotated pair: %w", err)
	}
	fmt.Println("rotated:", current.Leaf.Subject)
	return nil
}

// pair is a self-signed pair in PEM: the store looks at names and links, not at issuers.
func pair() (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "rotated"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, err
	}
	keyDER, err := x509.MarshalECPrivateKey(private)
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: keyDER}), nil
}

package pki

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"ca-exchange/internal/refusal"
)

// Authority is an issuer as everybody may know it: its certificate and the chain above it up to the root, without
// the key.
type Authority struct {
	Name        string
	Certificate *x509.Certificate
	Chain       []*x509.Certificate
}

// Path is the certificate and its chain.
func (a Authority) Path() []*x509.Certificate {
	return append([]*x509.Certificate{a.Certificate}, a.Chain...)
}

// Bundle is the issuer first, then its chain up to the root.
func (a Authority) Bundle() []byte { return EncodeCertificates(a.Path()...) }

// Anchor is the content of pki/ca.crt: the issuer alone. Every certificate in such a file is trusted with all below it:
// with the root, whoever another intermediate of that root certifies would be a client of the cluster, and a kubelet
// one of etcd. Go's verifier takes an intermediate for an anchor, openssl's wants -partial_chain.
func (a Authority) Anchor() []byte { return EncodeCertificates(a.Certificate) }

// Intermediates are what a server sends below the root, the issuer first. A root is told by its own signature: an
// issuer that another one with the same subject has certified is none.
func (a Authority) Intermediates() []*x509.Certificate {
	return slices.DeleteFunc(a.Path(), selfSigned)
}

// Trust is all that a component admin pins.
type Trust struct {
	Authorities []Authority
	Fingerprint string // "sha256:" and hex: SHA-256 over the concatenated DER of issuers.pem
}

// issuerOrder is the order of the trust; the names follow from it, since the fingerprint covers no names.
var issuerOrder = []string{"ca", "etcd-ca", "front-proxy-ca"}

// EncodeTrust writes issuers.pem: issuers in the fixed order, each followed by its chain.
func EncodeTrust(authorities []Authority) []byte {
	sorted := slices.Clone(authorities)
	slices.SortStableFunc(sorted, func(a, b Authority) int {
		return slices.Index(issuerOrder, a.Name) - slices.Index(issuerOrder, b.Name)
	})
	var b bytes.Buffer
	for _, a := range sorted {
		b.Write(a.Bundle())
	}
	return b.Bytes()
}

// ParseTrust reads issuers.pem. A certificate belongs to the chain of the one before it when it issued that; a
// self-signed one ends a chain.
func ParseTrust(text []byte) (Trust, error) {
	certificates, err := ParseCertificates(text)
	if err != nil {
		return Trust{}, err
	}
	h := sha256.New()
	var groups []Authority
	open := false // the last group's chain may go on
	for _, c := range certificates {
		h.Write(c.Raw)
		if last := len(groups) - 1; open && chainEnd(groups[last]).CheckSignatureFrom(c) == nil {
			groups[last].Chain = append(groups[last].Chain, c)
		} else {
			groups = append(groups, Authority{Certificate: c})
		}
		open = !selfSigned(c)
	}
	if err := nameGroups(groups); err != nil {
		return Trust{}, err
	}
	return Trust{groups, "sha256:" + hex.EncodeToString(h.Sum(nil))}, nil
}

func chainEnd(a Authority) *x509.Certificate { return a.Path()[len(a.Chain)] }

// nameGroups names issuers by their place: the fingerprint fixes places and nothing else could be believed. Two are
// a cluster with external etcd, unless the second one's own name says that it is etcd's.
func nameGroups(groups []Authority) error {
	names := issuerOrder
	if len(groups) == 2 && groups[1].Certificate.Subject.CommonName != "etcd-ca" {
		names = []string{"ca", "front-proxy-ca"}
	}
	if len(groups) > len(names) {
		return fmt.Errorf("%d issuers, expected 1 to 3", len(groups))
	}
	for i := range groups {
		groups[i].Name = names[i]
		if c := groups[i].Certificate; !c.IsCA || !c.BasicConstraintsValid {
			return fmt.Errorf("issuer %q: %s is not a CA certificate", names[i], refusal.Quote(c.Subject.String()))
		}
	}
	return nil
}

// Authority finds an issuer by name. Where there is only one, it stands for all.
func (t Trust) Authority(name string) (Authority, bool) {
	if len(t.Authorities) == 1 && (name == "" || slices.Contains(issuerOrder, name)) {
		return t.Authorities[0], true
	}
	for _, a := range t.Authorities {
		if a.Name == name {
			return a, true
		}
	}
	return Authority{}, false
}

// ParseFingerprint reads a trust fingerprint as people pass it on: with or without "sha256:", in any case, with
// colons or spaces between the digits.
func ParseFingerprint(s string) (string, error) {
	digits := strings.ToLower(strings.NewReplacer(":", "", " ", "", "-", "").Replace(s))
	digits = strings.TrimPrefix(digits, "sha256")
	if b, err := hex.DecodeString(digits); err != nil || len(b) != sha256.Size {
		return "", errors.New("a trust fingerprint is sha256: and 64 hex digits, as `ca-admin status` prints it")
	}
	return "sha256:" + digits, nil
}

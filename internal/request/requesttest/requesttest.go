// Package requesttest makes entries for tests: hostile ones, each with the code that must be among its refusals, and
// good ones in the forms that real tools write. Everything is built in code from fresh keys, element by element:
// there is no recorded blob whose content a reader would have to believe. Only tests import it.
package requesttest

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"

	"golang.org/x/crypto/ssh"
)

// Case is one entry and what reading it must find.
type Case struct {
	Name    string // fit for a file name: [a-z0-9-]
	Entry   []byte
	Code    refusal.Code // "" for a good entry
	Outcome refusal.Outcome
	Blocked string // fingerprint that must be on the blocklist for Code to be found; "" in most cases
}

// maker holds the keys that cases share.
type maker struct {
	t        testing.TB
	key      *ecdsa.PrivateKey
	other    *ecdsa.PrivateKey
	rsa      *rsa.PrivateKey
	ed       ed25519.PrivateKey
	identity ssh.Signer
	cases    []Case
}

// made are the cases of this process, made when the first test asks for them: that takes seconds, since keys are
// generated and a few weak moduli have to be searched for.
var made struct {
	sync.Mutex
	hostile, good []Case
}

// Hostile gives every hostile entry.
func Hostile(t testing.TB) []Case {
	t.Helper()
	made.Lock()
	defer made.Unlock()
	if made.hostile == nil {
		made.hostile = newMaker(t).hostile()
	}
	return clone(made.hostile)
}

// Good gives entries that real tools write or could write: each is read without a refusal.
func Good(t testing.TB) []Case {
	t.Helper()
	made.Lock()
	defer made.Unlock()
	if made.good == nil {
		made.good = newMaker(t).good()
	}
	return clone(made.good)
}

// clone gives a test entries of its own, which it may change.
func clone(cases []Case) []Case {
	cases = slices.Clone(cases)
	for i := range cases {
		cases[i].Entry = bytes.Clone(cases[i].Entry)
	}
	return cases
}

func (m *maker) hostile() []Case {
	m.t.Helper()
	m.entries()
	m.privateKeys()
	m.structures()
	m.keys()
	m.weakModuli()
	m.subjects()
	m.extensions()
	m.attributes()
	m.names()
	m.covers()
	m.signatures()
	return m.cases
}

func newMaker(t testing.TB) *maker {
	t.Helper()
	m := &maker{t: t, key: must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)}
	m.other = must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader))(t)
	m.rsa = must(rsa.GenerateKey(rand.Reader, 2048))(t)
	_, ed, err := ed25519.GenerateKey(rand.Reader)
	m.ed = must(ed, err)(t)
	_, identity, err := ed25519.GenerateKey(rand.Reader)
	m.identity = must(ssh.NewSignerFromSigner(must(identity, err)(t)))(t)
	return m
}

// must passes a value on, or ends the test.
func must[T any](value T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

// add notes a case of a whole entry.
func (m *maker) add(name string, code refusal.Code, entry []byte) {
	m.t.Helper()
	if slices.ContainsFunc(m.cases, func(c Case) bool { return c.Name == name }) {
		m.t.Fatalf("two cases are named %q", name)
	}
	c := Case{Name: name, Entry: entry, Code: code}
	if code != "" {
		c.Outcome = code.Outcome()
	}
	m.cases = append(m.cases, c)
}

// csr notes a case of a plain CSR with one thing changed.
func (m *maker) csr(name string, code refusal.Code, edit func(*template)) {
	m.t.Helper()
	m.add(name, code, armor(m.der(m.key, edit)))
}

func armor(der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE REQUEST", Bytes: der})
}

// plain is the good CSR that entries are made around.
func (m *maker) plain() []byte { return armor(m.der(m.key, nil)) }

// cover is a cover that lasts from an hour ago on.
func (m *maker) cover() *request.Cover {
	created := time.Now().UTC().Truncate(time.Second).Add(-time.Hour)
	return &request.Cover{
		Profile: "server", Requester: "cp1-admin", Trust: "sha256:" + strings.Repeat("ab", 32),
		Created: created, Expires: created.Add(180 * 24 * time.Hour), Nonce: strings.Repeat("0f", 16),
	}
}

// covered is a good entry with a cover, unsigned.
func (m *maker) covered() []byte { return request.Encode(m.cover(), m.der(m.key, nil)) }

// signed is a good entry with a cover and a signature.
func (m *maker) signed() []byte {
	m.t.Helper()
	return must(request.Sign(m.covered(), m.identity))(m.t)
}

// swap replaces the one place where old stands.
func (m *maker) swap(entry []byte, old, new string) []byte {
	m.t.Helper()
	if bytes.Count(entry, []byte(old)) != 1 {
		m.t.Fatalf("%q does not stand once in the entry", old)
	}
	return bytes.Replace(entry, []byte(old), []byte(new), 1)
}

// signers are the kinds of key a good CSR has.
func (m *maker) signers() map[string]crypto.Signer {
	m.t.Helper()
	return map[string]crypto.Signer{
		"rsa-2048": m.rsa, "p256": m.key, "ed25519": m.ed,
		"rsa-3072": must(rsa.GenerateKey(rand.Reader, 3072))(m.t),
		"p384":     must(ecdsa.GenerateKey(elliptic.P384(), rand.Reader))(m.t),
		"p521":     must(ecdsa.GenerateKey(elliptic.P521(), rand.Reader))(m.t),
	}
}

// SecurityKey is a FIDO token made in software, which says that somebody touched it.
func SecurityKey(t testing.TB) ssh.Signer {
	t.Helper()
	return (&maker{t: t}).securityKey(1)
}

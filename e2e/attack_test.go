package e2e_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/hex"
	"encoding/pem"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// What follows in the files attack_*_test.go was tried against the first version, and worked. Each test is the attack
// and what has to be seen instead.

// wish is a request as an attacker or a requester may write one. The Go library checks less than ours.
type wish struct {
	profile, requester string
	subject            pkix.Name
	rawSubject         []byte
	dns, ips           []string
	extensions         []pkix.Extension
	cover              func(*request.Cover)
}

// wishFor is a wish for a common name and DNS names.
func wishFor(profile, requester, cn string, dns ...string) wish {
	return wish{profile: profile, requester: requester, subject: pkix.Name{CommonName: cn}, dns: dns}
}

// attackKey is the one key of all wishes: none of these attacks is about it.
var attackKey, _ = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)

func (w wish) csr(t *testing.T) []byte {
	t.Helper()
	template := x509.CertificateRequest{Subject: w.subject, RawSubject: w.rawSubject, DNSNames: w.dns,
		ExtraExtensions: w.extensions}
	for _, ip := range w.ips {
		template.IPAddresses = append(template.IPAddresses, netip.MustParseAddr(ip).AsSlice())
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, &template, attackKey)
	must(t, err)
	return der
}

// plain is the wish without a cover.
func (w wish) plain(t *testing.T) []byte {
	t.Helper()
	return request.Encode(nil, w.csr(t))
}

// covered is the wish below a cover, not signed.
func (w wish) covered(x *exchange) []byte {
	x.Helper()
	now := time.Now().UTC().Truncate(time.Second)
	c := request.Cover{Profile: w.profile, Requester: w.requester, Trust: x.trust(), Created: now,
		Expires: now.Add(time.Hour), Nonce: nonce()}
	if w.cover != nil {
		w.cover(&c)
	}
	return request.Encode(&c, w.csr(x.T))
}

// signed is the wish below a cover, signed.
func (w wish) signed(x *exchange, signer ssh.Signer) []byte {
	x.Helper()
	entry, err := request.Sign(w.covered(x), signer)
	must(x.T, err)
	return entry
}

func nonce() string {
	b := make([]byte, 16)
	rand.Read(b)
	return hex.EncodeToString(b)
}

// publicKey makes a key for somebody and writes its public half into a file.
func (x *exchange) publicKey(name string) string {
	x.Helper()
	if x.signers == nil {
		x.signers = map[string]ssh.Signer{}
	}
	x.signers[name] = requesttest.SecurityKey(x.T)
	file := filepath.Join(x.dir, name+".pub")
	must(x.T, os.WriteFile(file, ssh.MarshalAuthorizedKey(x.signers[name].PublicKey()), 0o644))
	return file
}

// requester enrolls somebody with a new key.
func (x *exchange) requester(name string, flags ...string) ssh.Signer {
	x.Helper()
	x.ca(0, append([]string{"enroll", name, "--key", x.publicKey(name)}, flags...)...)
	return x.signers[name]
}

// preimage are the bytes whose hash is the id of a request.
func preimage(t *testing.T, entry []byte) []byte {
	t.Helper()
	cover := ""
	if text := string(entry); strings.HasPrefix(text, "Certificate-Request: ") {
		cover = text[:strings.Index(text, "\n\n")+1]
	}
	for rest := entry; ; {
		block, more := pem.Decode(rest)
		if block == nil {
			t.Fatal("no CSR in the entry")
		}
		if block.Type == "CERTIFICATE REQUEST" {
			csr, err := x509.ParseCertificateRequest(block.Bytes)
			must(t, err)
			return append([]byte("ca-exchange/v1\x00"+cover+"\x00"), csr.RawTBSCertificateRequest...)
		}
		rest = more
	}
}

// idOf is the id of a request.
func idOf(t *testing.T, entry []byte) string {
	t.Helper()
	sum := sha256.Sum256(preimage(t, entry))
	return hex.EncodeToString(sum[:])
}

// state is the status of a request by its id.
func (x *exchange) state(id string) string {
	x.Helper()
	return statusWord.FindString(x.ca(0, "show", id))
}

var statusWord = regexp.MustCompile(`\b(?:Held|Issued|Denied)\b`)

// issued are the names under which certificates lie in the outbox, besides the CA's own.
func (x *exchange) issued() []string {
	x.Helper()
	files, err := filepath.Glob(x.path("outbox", "*.crt"))
	must(x.T, err)
	var names []string
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".crt"); name != "ca" {
			names = append(names, name)
		}
	}
	return names
}

// noneIssued wants that nothing was issued.
func (x *exchange) noneIssued(what string) {
	x.Helper()
	for _, name := range x.issued() {
		c := firstCertificate(x.T, x.path("outbox", name+".crt"))
		x.Errorf("%s: %s got %s, %q %v", what, name, c.Subject, c.DNSNames, c.IPAddresses)
	}
}

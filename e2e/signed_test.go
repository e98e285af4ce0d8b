package e2e_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// TestSignedEdits: whatever a neighbour does with a signed request gets a decision of its own, never a certificate, and
// the original is served, though it comes last.
func TestSignedEdits(t *testing.T) {
	t.Parallel()
	long(t)
	x := newExchange(t, build(t))
	signer, other := requesttest.SecurityKey(t), requesttest.SecurityKey(t)
	x.enroll("me", signer.PublicKey())
	x.enroll("neighbour", other.PublicKey())
	sign := func(entry []byte, with ssh.Signer) []byte {
		signed, err := request.Sign(entry, with)
		must(t, err)
		return signed
	}
	plain := x.covered("me", "www.example", nil)
	original := sign(plain, signer)
	csr := plain[bytes.Index(plain, []byte("-----BEGIN")):]
	signature := original[len(plain):]
	foreign := x.covered("me", "www.example", nil)
	changed := func(change func(*request.Cover)) []byte { return sign(x.covered("me", "www.example", change), signer) }
	replaced := func(old, new string) []byte { return bytes.Replace(original, []byte(old), []byte(new), 1) }

	for name, c := range map[string]struct {
		entry []byte
		kind  string
		code  refusal.Code
	}{
		"cover-changed":  {replaced("Nonce: aa", "Nonce: ab"), "denied", refusal.SignatureBroken},
		"cover-profile":  {replaced("Profile: server", "Profile: client"), "denied", refusal.SignatureBroken},
		"csr-of-another": {append(bytes.Clone(foreign), signature...), "denied", refusal.SignatureBroken},
		"cover-stripped": {csr, "held", refusal.SignatureAbsent},
		"cover-without-sign": {bytes.Replace(plain, []byte("aaaa"), []byte("bbbb"), 1), "held",
			refusal.SignatureAbsent},
		"signed-by-another": {sign(plain, other), "denied", refusal.CoverRequester},
		"re-covered": {sign(bytes.Replace(plain, []byte("Requester: me"), []byte("Requester: neighbour"), 1),
			requesttest.SecurityKey(t)), "held", refusal.SignatureUnknownKey},
		"other-trust": {changed(func(c *request.Cover) { c.Trust = "sha256:" + strings.Repeat("0", 64) }),
			"denied", refusal.CoverTrust},
		"other-cluster": {changed(func(c *request.Cover) { c.Cluster = "prod" }), "denied", refusal.CoverCluster},
		"expired":       {changed(moved(-2 * time.Hour)), "denied", refusal.CoverExpired},
		"future":        {changed(moved(time.Hour)), "denied", refusal.CoverFuture},
		"outside":       {sign(x.covered("me", "www.elsewhere", nil), signer), "held", refusal.ScopeName},
	} {
		x.drop(name+".csr", c.entry)
		x.ca(0, "sync", "-q")
		x.expect(name, c.kind, c.code)
	}
	// The same bytes but for the signature have the same id: held as unsigned, and issued once they come signed.
	x.drop("signature-stripped.csr", plain)
	x.ca(0, "sync", "-q")
	x.expect("signature-stripped", "held", refusal.SignatureAbsent)
	x.drop("original.csr", original)
	x.ca(0, "sync", "-q")
	x.expect("original", "crt", "")
	x.drop("replayed.csr", original)
	x.ca(0, "sync", "-q")
	x.expect("replayed", "crt", "")
	if text := x.ca(0, "list", "-o", "json"); strings.Count(text, `"serial"`) != 1 {
		t.Errorf("not exactly one certificate:\n%s", text)
	}
}

// moved makes a cover last for an hour, from so much after its time on.
func moved(by time.Duration) func(*request.Cover) {
	return func(c *request.Cover) { c.Created, c.Expires = c.Created.Add(by), c.Created.Add(by+time.Hour) }
}

// TestReplacedIsShown: a request that names the certificate it wants to replace is shown with what would change.
func TestReplacedIsShown(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	signer := requesttest.SecurityKey(t)
	x.enroll("me", signer.PublicKey())
	drop := func(name, host string, change func(*request.Cover)) {
		signed, err := request.Sign(x.covered("me", host, change), signer)
		must(t, err)
		x.drop(name+".csr", signed)
		x.ca(0, "sync", "-q")
	}
	drop("old", "old.example", nil)
	var list struct {
		Items []struct{ Fingerprint string }
	}
	x.decode(&list, "list", "-o", "json")
	drop("new", "new.elsewhere", func(c *request.Cover) { c.Replaces = list.Items[0].Fingerprint })
	x.expect("new", "held", refusal.ScopeName)
	out := x.ca(0, "show", "new")
	for _, want := range []string{"replaces", "+ DNS:new.elsewhere", "- DNS:old.example",
		`+ subject CN="new.elsewhere"`} {
		if !strings.Contains(out, want) {
			t.Errorf("show lacks %q:\n%s", want, out)
		}
	}
}

// TestEnrolmentDecidesAgain: what is held is issued once its signer is enrolled, and held again after that is undone.
func TestEnrolmentDecidesAgain(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	signer := requesttest.SecurityKey(t)
	signed, err := request.Sign(x.covered("me", "a.example", nil), signer)
	must(t, err)
	x.drop("a.csr", signed)
	x.ca(0, "sync", "-q")
	x.expect("a", "held", refusal.SignatureUnknownKey)
	id, fingerprint := x.heldIDs()[0], ssh.FingerprintSHA256(signer.PublicKey())
	x.ca(2, "enroll", "me", "--from", "a", "--fingerprint", fingerprint) // a name, and too few digits
	x.ca(2, "enroll", "me", "--from", id[:15], "--fingerprint", fingerprint)
	x.ca(2, "enroll", "me", "--from", id) // nobody to ask, no fingerprint given
	x.ca(5, "enroll", "me", "--from", id, "--fingerprint", "SHA256:wrong")
	out := x.ca(5, "enroll", "you", "--from", id, "--fingerprint", fingerprint)
	if !strings.Contains(out, "Requester: me") {
		t.Errorf("enroll under another name does not show the cover: %s", out)
	}
	x.ca(0, "enroll", "me", "--from", id, "--fingerprint", fingerprint, "--profile", "server", "--dns", "*.example")
	x.ca(1, "enroll", "me", "--from", id, "--fingerprint", fingerprint)
	x.ca(0, "sync", "-q")
	x.expect("a", "crt", "")
	x.ca(0, "unenroll", "me")
	signed, err = request.Sign(x.covered("me", "b.example", nil), signer)
	must(t, err)
	x.drop("b.csr", signed)
	x.ca(0, "sync", "-q")
	x.expect("b", "held", refusal.SignatureUnknownKey)
}

package e2e_test

import (
	"cmp"
	"crypto"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// renewing is a certificate that a person approved, and who asked for it.
type renewing struct {
	*exchange
	name, profile string
	key           crypto.Signer
	signer        ssh.Signer // nil for nobody
}

// request is a request for the certificate's names with this key, signed by its requester.
func (r renewing) request(key crypto.Signer, replaces string, more ...string) []byte {
	r.Helper()
	host := r.name + ".elsewhere"
	subject, organizations, names := host, []string(nil), pki.Names{DNS: append([]string{host}, more...)}
	if r.profile == "super-admin" {
		subject, organizations, names = "kubernetes-super-admin", []string{"system:masters"}, pki.Names{}
	}
	csr, err := request.Create(key, subject, organizations, names)
	must(r.T, err)
	entry := r.coveredCSR("me", csr, func(c *request.Cover) {
		c.Profile, c.Replaces, c.Nonce = r.profile, replaces, fmt.Sprintf("%032x", time.Now().UnixNano())
	})
	if r.signer != nil {
		entry, err = request.Sign(entry, r.signer)
		must(r.T, err)
	}
	return entry
}

// ask drops a request and gives its id.
func (r renewing) ask(entry string, bytes []byte) string {
	r.Helper()
	r.drop(entry+".csr", bytes)
	parsed, found := request.Parse(bytes, nil)
	if parsed == nil {
		r.Fatal(found)
	}
	return parsed.ID.String()
}

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := pki.ECDSAP256.Generate()
	must(t, err)
	return key
}

// renewalCase is a certificate that a person approved and the renewal that is held.
type renewalCase struct {
	name, profile string
	signer        ssh.Signer
	keepKey       bool
	more          []string // other names
	replaces      string   // another certificate than its own
	want          string   // why it is left; "" where it is approved
}

func renewalCases(me ssh.Signer) []renewalCase {
	return []renewalCase{
		{name: "scope", profile: "server", signer: me},
		{name: "same", profile: "server", keepKey: true},
		{name: "stranger", profile: "server",
			want: "no enrolled requester signed it, and its key is not the replaced certificate's"},
		{name: "wider", profile: "server", signer: me, more: []string{"other.elsewhere"},
			want: `its names differ: + "DNS:other.elsewhere"`},
		{name: "admin", profile: "super-admin", keepKey: true,
			want: "profile super-admin is guarded: a person decides every time"},
		{name: "foreign", profile: "server", signer: me, replaces: "same",
			want: "replaces ignored: that certificate is not this requester's"},
		{name: "revoked", profile: "server", keepKey: true, want: refusal.Renewal.Meaning()},
		{name: "trusted", profile: "server", signer: me, want: refusal.Renewal.Meaning()},
		{name: "again", profile: "server", keepKey: true, want: "that certificate was replaced already, by serial "},
		{name: "takes", profile: "server", keepKey: true, want: `it takes "occupied.crt" from request `},
	}
}

// entry is the name under which the renewal is asked for.
func (c renewalCase) entry() string {
	if c.name == "takes" {
		return "occupied"
	}
	return c.name + "-renewal"
}

// beginRenewals has the first certificates approved, by name, and what else the cases need.
func beginRenewals(x *exchange, cases []renewalCase) (first map[string]renewing, fingerprints map[string]string) {
	first, fingerprints = map[string]renewing{}, map[string]string{}
	approve := []string{"approve", "--yes"}
	for _, c := range cases {
		r := renewing{x, c.name, c.profile, newKey(x.T), c.signer}
		approve = append(approve, r.ask(c.name, r.request(r.key, "")))
		first[c.name] = r
	}
	x.dropHeld("occupied")
	x.ca(0, append(approve, x.id("occupied"))...)
	for _, c := range cases {
		fingerprints[c.name] = pki.Fingerprint(firstCertificate(x.T, x.path("outbox", c.name+".crt")))
	}
	again := first["again"]
	once := again.ask("once", again.request(again.key, fingerprints["again"]))
	x.dropHeld("unasked")
	x.ca(0, "approve", once, "--yes")
	for _, name := range []string{"revoked", "trusted"} {
		x.edit(fmt.Sprintf("UPDATE certificates SET status = 'Revoked' WHERE fingerprint = x'%s'", fingerprints[name]))
	}
	return first, fingerprints
}

// TestApproveRenewals: in bulk a person approves what is the same certificate again, and nothing else.
func TestApproveRenewals(t *testing.T) {
	t.Parallel()
	long(t)
	x := newExchange(t, build(t))
	me := requesttest.SecurityKey(t)
	x.enroll("me", me.PublicKey())
	cases := renewalCases(me)
	first, fingerprints := beginRenewals(x, cases)
	ids := map[string]string{}
	for _, c := range cases {
		r, key := first[c.name], newKey(t)
		if c.keepKey {
			key = r.key
		}
		replaces := fingerprints[cmp.Or(c.replaces, c.name)]
		ids[c.name] = r.ask(c.entry(), r.request(key, replaces, c.more...))
	}
	x.ca(0, "sync", "-q")

	if out := x.ca(2, "approve", "--renewals"); !strings.Contains(out, "ca-admin show") {
		t.Errorf("without a terminal: %s", out)
	}
	x.ca(2, "approve", "--renewals", "--days", "9", "--yes")
	x.ca(2, "approve", "--renewals", ids["scope"], "--yes")
	x.ca(2, "approve")
	out := x.ca(0, "approve", "--renewals", "--yes")
	x.checkPlain("approve --renewals", out)
	for _, c := range cases {
		line := fmt.Sprintf("\nleft %s (%s, entry %q): %s", ids[c.name][:16], c.profile, c.entry(), c.want)
		if c.want != "" && !strings.Contains(out, line) {
			t.Errorf("%s: not %q in:\n%s", c.name, line, out)
		}
		want := "held"
		if c.want == "" || c.name == "takes" { // there lies another request's
			want = "crt"
		}
		if got := x.answered(c.entry()); got != want {
			t.Errorf("%s is answered by %q, not by %q", c.name, got, want)
		}
	}
	if !strings.Contains(out, "left 1 request: no certificate of this CA is replaced") {
		t.Errorf("the first request is not left:\n%s", out)
	}
	if out := x.ca(0, "approve", "--renewals"); !strings.Contains(out, "no held request is a plain renewal") {
		t.Errorf("a second time: %s", out)
	}
}

// TestApproveRenewalsAsked: they are listed before the question, and no is no.
func TestApproveRenewalsAsked(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	r := renewing{x, "web", "server", newKey(t), nil}
	x.drop("web.csr", r.request(r.key, ""))
	x.ca(0, "sync", "-q")
	x.ca(0, "approve", x.id("web"), "--yes")
	old := firstCertificate(t, x.path("outbox", "web.crt"))
	must(t, os.Remove(x.path("outbox", "web.crt")))
	x.drop("web.csr", r.request(r.key, pki.Fingerprint(old)))
	x.ca(0, "sync", "-q")
	for _, c := range []struct {
		answer string
		status int
		kind   string
	}{{"n", 3, "held"}, {"y", 0, "crt"}} {
		person := x.terminal("ca-admin", "approve", "--renewals")
		person.await(`server  CN="web.elsewhere", names DNS:web.elsewhere`, 1)
		person.await("renews "+pki.SerialHex(old.SerialNumber), 1)
		person.await("with the same key, for 365 days", 1)
		person.await(`requester not signed; the cover names "me"; request id `, 1)
		person.await("sign 1 certificate? [y/N]", 1)
		x.expect("web", "held", refusal.SignatureAbsent)
		person.enter(c.answer)
		person.exits(c.status)
		if got := x.answered("web"); got != c.kind {
			t.Errorf("after %q it is answered by %q, not by %q", c.answer, got, c.kind)
		}
	}
}

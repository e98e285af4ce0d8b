package policy

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// ask is a request of a test, in words.
type ask struct {
	subject string   // "CN=jane O=dev-team OU=x"; a blank inside a value is "_"
	names   []string // DNS names and addresses
	usages  []string // "server", "client", or an OID
	profile string   // of the cover; "" for a plain CSR
	node    string   // of the cover
	signed  byte     // whose identity signed it; 0 for nobody
	change  func(*request.Cover)
}

// testKey is one key for all tests: making one costs more than judging.
var testKey = sync.OnceValues(func() (crypto.Signer, error) { return pki.ECDSAP256.Generate() })

// read makes the request and parses it, as an entry.
func (a ask) read(t testing.TB) *request.Request {
	t.Helper()
	entry := request.Encode(nil, a.csr(t))
	if a.profile != "" {
		c := &request.Cover{
			Profile: a.profile, Requester: "me", Trust: trust, Node: a.node, Created: noon,
			Expires: noon.Add(24 * time.Hour),
			Nonce:   strings.Repeat("0", 32),
		}
		if a.change != nil {
			a.change(c)
		}
		entry = request.Encode(c, a.csr(t))
	}
	if a.signed != 0 {
		signer, _ := identity(t, a.signed)
		entry = sign(t, entry, signer)
	}
	r, found := request.Parse(entry, nil)
	if r == nil {
		t.Fatalf("%+v is not a request: %v", a, found)
	}
	return r
}

func sign(t testing.TB, entry []byte, signer ssh.Signer) []byte {
	t.Helper()
	signed, err := request.Sign(entry, signer)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

var testAttributes = map[string]asn1.ObjectIdentifier{
	"CN": {2, 5, 4, 3}, "O": {2, 5, 4, 10}, "OU": {2, 5, 4, 11}, "L": {2, 5, 4, 7}, "C": {2, 5, 4, 6},
	"ST": {2, 5, 4, 8},
}

var testUsages = map[string]asn1.ObjectIdentifier{
	"server": {1, 3, 6, 1, 5, 5, 7, 3, 1}, "client": {1, 3, 6, 1, 5, 5, 7, 3, 2}, "email": {1, 3, 6, 1, 5, 5, 7, 3, 4},
	"smartcard": {1, 3, 6, 1, 4, 1, 311, 20, 2, 2},
}

func (a ask) csr(t testing.TB) []byte {
	t.Helper()
	key, err := testKey()
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.CertificateRequest{}
	for field := range strings.FieldsSeq(a.subject) {
		kind, value, _ := strings.Cut(field, "=")
		template.Subject.ExtraNames = append(template.Subject.ExtraNames,
			pkix.AttributeTypeAndValue{Type: testAttributes[kind], Value: strings.ReplaceAll(value, "_", " ")})
	}
	names := testNames(a.names...)
	template.DNSNames = names.DNS
	for _, ip := range names.IPs {
		template.IPAddresses = append(template.IPAddresses, ip.AsSlice())
	}
	if len(a.usages) > 0 {
		var oids []asn1.ObjectIdentifier
		for _, u := range a.usages {
			oids = append(oids, testUsages[u])
		}
		value, err := asn1.Marshal(oids)
		if err != nil {
			t.Fatal(err)
		}
		template.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 37}, Value: value}}
	}
	der, err := x509.CreateCertificateRequest(rand.Reader, template, key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func testNames(names ...string) (n pki.Names) {
	for _, name := range names {
		if ip, err := netip.ParseAddr(name); err == nil {
			n.IPs = append(n.IPs, ip)
		} else {
			n.DNS = append(n.DNS, name)
		}
	}
	return n
}

// testPolicy reads a policy of the newest release, and enrolls "me" (identity 1) and "you" (identity 2).
func testPolicy(t testing.TB, text string, scope Scope) *Policy {
	t.Helper()
	config, err := Parse([]byte("apiVersion: ca-exchange/v1\nkind: Policy\n" + text))
	if err != nil {
		t.Fatal(err)
	}
	var all []pki.Profile
	for _, p := range kube.Profiles(kube.Latest()) {
		all = append(all, p.Profile)
	}
	_, mine := identity(t, 1)
	_, yours := identity(t, 2)
	p, err := New(config, all, Requesters{Requesters: []Requester{
		{Name: "me", Key: mine, Scope: scope}, {Name: "you", Key: yours, Scope: Scope{Groups: []string{"theirs-*"}}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// judged is a decision in words: outcome, then each refusal as "code field asked".
func judged(d Decision) string {
	words := []string{d.Outcome.String()}
	for _, r := range d.Refusals {
		words = append(words, strings.TrimSpace(string(r.Code)+" "+r.Field+" "+r.Asked))
	}
	return strings.Join(words, "; ")
}

// planned is a plan in words: subject and names.
func planned(d Decision) string {
	plan, ok := d.Plan()
	if !ok {
		return ""
	}
	return strings.TrimSpace(strings.Join(append([]string{plan.Profile, plan.Subject()}, plan.Names.Strings()...), " "))
}

func losses(d Decision) string {
	var all []string
	for _, l := range d.Dropped {
		all = append(all, l.String())
	}
	return strings.Join(all, "; ")
}

func commands(d Decision) string {
	var all []string
	for _, c := range d.Candidates {
		all = append(all, strings.Join(c.Flags, " "))
	}
	return strings.Join(slices.Clip(all), " | ")
}

package request_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// honest is what a real tool or a tired hand wrote: read as far as it goes, never denied.
type honest struct {
	codes   []refusal.Code // each a hold
	allowed string         // of the first refusal, where a person needs it
	subject string
	names   string
	unread  string
	usages  int // known extended key usages
	ignored string
}

// TestHonestRequests reads the files in testdata, which common tools wrote, and holds all that policy needs of them
// against the table.
func TestHonestRequests(t *testing.T) {
	foreign := []refusal.Code{refusal.ExtensionForeign}
	const key, web, debris = "subjectKeyIdentifier", "DNS:w.example.org",
		`C="AU", ST="Some-State", O="Internet Widgits Pty Ltd", `
	for file, want := range map[string]honest{
		"plain":           {subject: `CN="x"`, names: web},
		"openssl-pss":     {subject: `CN="x"`, names: web},
		"byte-order-mark": {subject: `CN="x"`, names: web},
		"der":             {subject: `CN="x"`, names: web},
		// openssl's defaults, kept at its prompts.
		"article-admin":     {subject: debris + `CN="kubernetes-admin"`},
		"article-apiserver": {subject: debris + `CN="kube-apiserver"`},
		"article-scheduler": {subject: debris + `CN="system:kube-scheduler"`},
		// Guides that write a cluster by hand.
		"hardway-controller-manager": {subject: `C="US", O="system:kube-controller-manager", ` +
			`CN="system:kube-controller-manager"`},
		"hardway-node": {subject: `CN="system:node:work-7", O="system:nodes", C="US"`,
			names: "DNS:work-7, IP:127.0.0.1", usages: 2},
		"hardway-scheduler": {subject: `C="US", ST="California", L="Hamburg", O="system:system:kube-scheduler", ` +
			`OU="The cluster of the team", CN="system:kube-scheduler"`},
		"old-healthcheck-client": {subject: `O="system:masters", CN="kube-etcd-healthcheck-client"`},
		"old-kubelet-client":     {subject: `O="system:masters", CN="kube-apiserver-kubelet-client"`},
		"old-kube-etcd": {subject: `CN="kube-etcd"`,
			names: "DNS:db7, DNS:localhost, IP:192.0.2.51, IP:127.0.0.1", usages: 2},
		"front-proxy-with-name": {subject: `CN="front-proxy-client"`, names: "DNS:front-proxy-client"},
		"server-and-client":     {subject: `CN="x"`, names: web, usages: 2},
		"person-with-group":     {subject: `CN="lena", O="operations"`},
		"person-with-mail": {subject: `CN="lena", emailAddress="lena@example.org"`,
			names: "email:lena@example.org", usages: 2},
		// Spellings of a name that no certificate has.
		"address-as-name": {codes: []refusal.Code{refusal.NameForm}, allowed: "--ip 10.0.0.7", subject: `CN="app"`,
			names: "DNS:www.example.org", unread: "DNS:10.0.0.7"},
		"unicode-name": {codes: []refusal.Code{refusal.NameForm}, allowed: "--dns xn--drener-3ya.example",
			subject: `CN="x"`, unread: "DNS:dürener.example"},
		// Tools with strings and attributes of their own.
		"keytool-empty-unit": {codes: foreign, subject: `O="Zeta", OU="", CN="w.example.org"`, names: web,
			ignored: key},
		"keytool-unknown": {codes: foreign,
			subject: `C="Unknown", ST="Unknown", L="Unknown", O="Unknown", OU="Unknown", ` +
				`CN="Unknown"`, names: web, ignored: key},
		"puppet": {codes: foreign, subject: `CN="w.example.org"`, names: web,
			ignored: "1.3.6.1.4.1.34380.1.2.1.1, 1.3.6.1.4.1.34380.1.1.1"},
		"no-break-space": {subject: `CN="w.example.org", O="Zeta\u00a0GmbH"`, names: web},
		"ampersand":      {subject: `O="AT&T", CN="w.example.org"`, names: web},
		"forge-wildcard": {subject: `CN="*.example.org"`, names: "DNS:*.example.org"},
	} {
		t.Run(file, func(t *testing.T) { checkHonest(t, file, want) })
	}
}

func checkHonest(t *testing.T, file string, want honest) {
	entry, err := os.ReadFile("testdata/" + file + ".csr")
	if err != nil {
		t.Fatal(err)
	}
	r, refusals := request.Parse(entry, nil)
	if r == nil {
		t.Fatalf("denied: %v", refusals)
	}
	if got := codes(refusals); !slices.Equal(got, want.codes) {
		t.Errorf("codes %v, expected %v", got, want.codes)
	}
	if want.allowed != "" && refusals[0].Allowed != want.allowed {
		t.Errorf("allowed %q, expected %q", refusals[0].Allowed, want.allowed)
	}
	checkFields(t, file, r.CSR, want)
}

func checkFields(t *testing.T, name string, csr *request.CSR, want honest) {
	t.Helper()
	for _, c := range []struct{ what, got, want string }{
		{"subject", csr.Subject.String(), want.subject},
		{"names", strings.Join(csr.Names.Strings(), ", "), want.names},
		{"unread", strings.Join(csr.Unread, ", "), want.unread},
		{"ignored", strings.Join(csr.Ignored, ", "), want.ignored},
	} {
		if c.got != c.want {
			t.Errorf("%s: %s %q, expected %q", name, c.what, c.got, c.want)
		}
	}
	if len(csr.Usages) != want.usages {
		t.Errorf("%s: usages %v, expected %d", name, csr.Usages, want.usages)
	}
}

// What the corpus says of its own entries, beyond their codes.
func TestHonestFields(t *testing.T) {
	all := cases(append(requesttest.Good(t), requesttest.Hostile(t)...))
	for name, want := range map[string]honest{
		"attribute-password-twice": {subject: `CN="web"`, names: "DNS:web.example",
			ignored: "challengePassword"},
		"attribute-private": {subject: `CN="web"`, names: "DNS:web.example",
			ignored: "1.3.6.1.4.1.34380.1.2.1.1"},
		"csr-addresses-alike":             {subject: `CN="web"`, names: "IP:10.0.0.65, IP:10.0.0.97"},
		"dns-form-kelvin-sign":            {subject: `CN="web"`, unread: "DNS:wee\u212a.example"},
		"dns-form-wildcard-utf8":          {subject: `CN="web"`, unread: "DNS:*.wéb.example"},
		"attributes-microsoft-names-only": {subject: `CN="web"`, unread: "DNS:web.example"},
		"subject-organization-empty":      {subject: `CN="web"`, names: "DNS:web.example"},
		"subject-unit-integer":            {subject: `CN="web", OU="#07"`, names: "DNS:web.example"},
		"subject-unit-teletex":            {subject: `CN="web", OU="M\u00fcller"`, names: "DNS:web.example"},
		"subject-unit-surrogates":         {subject: `CN="web", OU="#d83dde00"`, names: "DNS:web.example"},
		"subject-name-blanks":             {subject: `CN="web"`, names: "DNS:web.example"},
		"subject-locality-bits":           {subject: `CN="web", L="#001b5b324a"`, names: "DNS:web.example"},
	} {
		r, refusals := request.Parse(all[name].Entry, nil)
		if r == nil {
			t.Errorf("%s: denied: %v", name, refusals)
			continue
		}
		checkFields(t, name, r.CSR, want)
	}
	if r, _ := request.Parse(all["attributes-sub-ca"].Entry, nil); r == nil || !r.CSR.Authority {
		t.Error("a sub-CA's request is not seen to ask for an authority")
	}
	if r, _ := request.Parse(all["usage-unknown"].Entry, nil); r == nil ||
		!slices.Equal(r.CSR.OtherUsages, []string{"1.3.6.1.4.1.311.20.2.2"}) {
		t.Errorf("an unknown usage is not kept: %+v", r)
	}
}

// A person is shown what was dropped instead of a request, and in whose words.
func TestAskedIsNamed(t *testing.T) {
	hostile := cases(requesttest.Hostile(t))
	for name, want := range map[string]string{
		"entry-gzip": `"a gzip archive"`, "entry-zip": `"a zip archive"`, "entry-xz": `"an xz archive"`,
		"entry-utf-16-le": `"UTF-16LE"`, "entry-utf-16-be": `"UTF-16BE"`, "entry-cr-only": `"CR"`,
		"key-rsa-exponent-3": `"exponent 3"`, "key-rsa-exponent-huge": `"exponent of 2001 bits"`,
		"dns-form-ipv6": `"2001:DB8::1"`,
		"pss-sha1":      `"RSASSA-PSS with these parameters"`, "algorithm-sha1-ecdsa": `"SHA-1 with ECDSA"`,
	} {
		found := hostile[name].Entry
		if _, refusals := request.Parse(found, nil); len(refusals) == 0 || refusals[0].Asked != want {
			t.Errorf("%s: %v, not %s", name, refusals, want)
		}
	}
}

// Where nothing can be read, one refusal says so, and nothing is added.
func TestMalformedIsOneRefusal(t *testing.T) {
	hostile := cases(requesttest.Hostile(t))
	for _, name := range []string{"entry-block-empty", "entry-gzip", "entry-der-cut", "entry-der-twice",
		"entry-end-first",
		"entry-nested-begin", "signature-ssh-repeated", "private-key-pkcs8"} {
		if _, refusals := request.Parse(hostile[name].Entry, nil); len(refusals) != 1 ||
			refusals[0].Code != hostile[name].Code {
			t.Errorf("%s: %v", name, refusals)
		}
	}
}

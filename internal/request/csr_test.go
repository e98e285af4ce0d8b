package request_test

import (
	"bytes"
	"crypto/x509"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// cases gives requesttest's entries by name.
func cases(list []requesttest.Case) map[string]requesttest.Case {
	m := map[string]requesttest.Case{}
	for _, c := range list {
		m[c.Name] = c
	}
	return m
}

func TestParseReads(t *testing.T) {
	good := cases(requesttest.Good(t))
	for name, want := range map[string]struct {
		subject string
		names   []string
		usages  []x509.ExtKeyUsage
	}{
		"csr-usages": {`CN="web"`, []string{
			"DNS:web.example", "DNS:*.web.example", "DNS:xn--bcher-kva.example", "IP:192.0.2.1", "IP:::1",
			"email:root@web.example", "URI:spiffe://web.example/x",
		}, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth}},
		"csr-same-name-twice":      {`CN="web"`, []string{"DNS:web.example"}, nil},
		"csr-attributes-absent":    {`CN="web"`, []string{}, nil},
		"csr-subject-empty":        {``, []string{"DNS:web.example"}, nil},
		"csr-subject-bmp":          {`CN="web"`, []string{"DNS:web.example"}, nil},
		"csr-subject-universal":    {`CN="w"`, []string{"DNS:web.example"}, nil},
		"csr-subject-multi-valued": {`CN="web", O="a", O="b"`, []string{"DNS:web.example"}, nil},
		"csr-subject-long": {`C="DE", ST="` + strings.Repeat("s", 128) + `", L="K\u00f6ln", O="` +
			strings.Repeat(`\u00f6`, 64) + `", OU="x", CN="` +
			strings.Repeat("c", 64) + `", emailAddress="root@web.example", 1.2.3.4="y"`, []string{"DNS:web.example"},
			nil},
	} {
		r, refusals := request.Parse(good[name].Entry, nil)
		if r == nil {
			t.Errorf("%s: %v", name, refusals)
			continue
		}
		if got := r.CSR.Subject.String(); got != want.subject {
			t.Errorf("%s: subject %s", name, got)
		}
		if got := r.CSR.Names.Strings(); !slices.Equal(got, want.names) {
			t.Errorf("%s: names %q", name, got)
		}
		if !slices.Equal(r.CSR.Usages, want.usages) {
			t.Errorf("%s: usages %v", name, r.CSR.Usages)
		}
	}
}

// Where the standard library does not hide anything, it reads the same names.
func TestStandardLibraryAgrees(t *testing.T) {
	compared := 0
	for _, c := range requesttest.Good(t) {
		r, refusals := request.Parse(c.Entry, nil)
		if r == nil {
			t.Fatalf("%s: %v", c.Name, refusals)
		}
		std, err := x509.ParseCertificateRequest(r.CSR.Raw)
		if err != nil {
			continue // attributes left out, which it does not take
		}
		compared++
		var names pki.Names
		for _, name := range std.DNSNames {
			names = names.Merge(pki.Names{DNS: []string{name}})
		}
		for _, octets := range std.IPAddresses {
			ip, _ := netip.AddrFromSlice(octets)
			names.IPs = append(names.IPs, ip)
		}
		names.Emails = std.EmailAddresses
		for _, u := range std.URIs {
			names.URIs = append(names.URIs, u.String())
		}
		if !slices.Equal(names.Strings(), r.CSR.Names.Strings()) {
			t.Errorf("%s: %q, the library %q", c.Name, r.CSR.Names.Strings(), names.Strings())
		}
		if !bytes.Equal(std.RawTBSCertificateRequest, r.CSR.Info) || pki.KeyTypeOf(std.PublicKey) != r.CSR.KeyType {
			t.Errorf("%s: another key or other bytes", c.Name)
		}
		// The library knows PSS with a salt as long as the hash alone.
		if err := std.CheckSignature(); err != nil && c.Name != "pss-longest-salt" && c.Name != "pss-without-null" {
			t.Errorf("%s: %v", c.Name, err)
		}
	}
	if compared < 30 {
		t.Errorf("only %d requests compared", compared)
	}
}

// Names of Microsoft's attribute are shown, and never in Names.
func TestMicrosoftNamesAreNotRead(t *testing.T) {
	r, refusals := request.Parse(cases(requesttest.Hostile(t))["attributes-microsoft-names-only"].Entry, nil)
	want := []refusal.Refusal{{Code: refusal.MicrosoftName, Field: "attributes", Asked: `"DNS:web.example"`,
		Allowed: "a subjectAltName in PKCS#9's extension request"}}
	if r == nil || r.CSR.Names.Len() != 0 || !slices.Equal(refusals, want) {
		t.Errorf("%+v, %v", r, refusals)
	}
}

// A notice stays small, and the one denial among many holds is in it.
func TestFindingsAreBounded(t *testing.T) {
	hostile := cases(requesttest.Hostile(t))
	for name, most := range map[string]int{"names-5000-bad": 32, "names-3000": 1} {
		if _, refusals := request.Parse(hostile[name].Entry, nil); len(refusals) == 0 || len(refusals) > most {
			t.Errorf("%s: %d refusals", name, len(refusals))
		}
	}
	if r, _ := request.Parse(hostile["names-3000"].Entry, nil); r == nil || r.CSR.Names.Len() != 3000 {
		t.Errorf("%+v", r)
	}
}

func TestCheckDNSName(t *testing.T) {
	label := strings.Repeat("a", 63)
	for _, name := range []string{
		"cp1", "CP1.example", "a.b.c", "1a.example", "3com.example", "*.a.example", "xn--bcher-kva.example",
		"xn--bcher-kva", label + ".example",
		label + "." + label + "." + label + "." + strings.Repeat("a", 61), "kubernetes.default.svc.cluster.local",
		"ip-10-0-0-1.ec2.internal",
	} {
		if err := pki.CheckDNSName(name); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, want := range map[string]string{
		"": "it is empty", "a.": "it ends in a dot", "a..b": "it has an empty label",
		"*.b": "a wildcard needs two labels after it", "a_b": `the character '_' is not allowed`,
		"*": `the character '*' is not allowed`, "-a": "a label begins or ends with a hyphen",
		"a.1":   "the last label is numeric; request an IP address instead",
		"xn--0": "a label is bad punycode", "ab--c": "a label is bad punycode",
		label + "a":               "it has a label of 64 octets, more than 63",
		strings.Repeat("a.", 127): "it has 254 octets, more than 253",
	} {
		if err := pki.CheckDNSName(name); err == nil || err.Error() != want {
			t.Errorf("%q: %v", name, err)
		}
	}
}

func TestCheckIP(t *testing.T) {
	for _, ip := range []string{"192.0.2.1", "127.0.0.1", "::1", "2001:db8::1", "fe80::1", "10.96.0.1"} {
		if err := pki.CheckIP(netip.MustParseAddr(ip)); err != nil {
			t.Errorf("%s: %v", ip, err)
		}
	}
	for ip, want := range map[string]string{
		"0.0.0.0": "it is the unspecified address", "::": "it is the unspecified address",
		"224.0.0.1": "it is a multicast address", "ff02::1": "it is a multicast address",
		"255.255.255.255": "it is the broadcast address", "::ffff:192.0.2.1": "it is an IPv4 address in IPv6 form",
		"fe80::1%eth0": "it has a zone",
	} {
		if err := pki.CheckIP(netip.MustParseAddr(ip)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", ip, err)
		}
	}
	if err := pki.CheckIP(netip.Addr{}); err == nil {
		t.Error("the zero address")
	}
}

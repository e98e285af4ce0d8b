package pki

import (
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

// extended is a CRL with one more extension, signed by the issuer.
func extended(t testing.TB, issuer *Issuer, id string) []byte {
	t.Helper()
	var oid asn1.ObjectIdentifier
	for part := range strings.SplitSeq(id, ".") {
		var n int
		fmt.Sscan(part, &n)
		oid = append(oid, n)
	}
	template, err := testCRLPlan(testRevocations()...).template()
	if err != nil {
		t.Fatal(err)
	}
	template.ExtraExtensions = []pkix.Extension{{Id: oid, Value: []byte{0x30, 0}}}
	raw, err := x509.CreateRevocationList(rand.Reader, template, issuer.Certificate, issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// TestParseCRLEntries: entries that say more than their serial are not read as if they said less.
func TestParseCRLEntries(t *testing.T) {
	issuer := testIssuer(t, ECDSAP256)
	for name, test := range map[string]struct {
		extension pkix.Extension
		want      string
	}{
		"certificate issuer": {pkix.Extension{Id: []int{2, 5, 29, 29}, Critical: true, Value: []byte{0x30, 0}},
			"entry 1: the critical extension 2.5.29.29"},
		"invalidity date": {pkix.Extension{Id: oidInvalidityDate, Value: []byte{0x05, 0}},
			"entry 1: a malformed invalidity date"},
		"unknown": {pkix.Extension{Id: []int{1, 2, 3}, Value: []byte{0x05, 0}}, ""},
	} {
		template, err := testCRLPlan(testRevocations()[1]).template()
		if err != nil {
			t.Fatal(err)
		}
		template.RevokedCertificateEntries[0].ExtraExtensions = []pkix.Extension{test.extension}
		raw, err := x509.CreateRevocationList(rand.Reader, template, issuer.Certificate, issuer.key)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := ParseCRL(raw); test.want == "" && err != nil || test.want != "" && (err == nil ||
			err.Error() != test.want) {
			t.Errorf("%s: %v, expected %q", name, err, test.want)
		}
	}
}

// TestDecodeCRL: one block and nothing else.
func TestDecodeCRL(t *testing.T) {
	pem := string(EncodeCRL([]byte("crl")))
	if raw, err := DecodeCRL([]byte(pem)); err != nil || string(raw) != "crl" {
		t.Errorf("%q, %v", raw, err)
	}
	for _, text := range []string{"", "crl", pem + pem, pem + "x", strings.ReplaceAll(pem, "X509 CRL", "CERTIFICATE")} {
		if raw, err := DecodeCRL([]byte(text)); err == nil {
			t.Errorf("%q is read as %q", text, raw)
		}
	}
}

// FuzzParseCRL: what is read here, the standard library reads alike.
func FuzzParseCRL(f *testing.F) {
	issuer := testIssuer(f, ECDSAP256)
	for _, entries := range [][]Revocation{nil, testRevocations()} {
		crl, err := issuer.SignCRL(testCRLPlan(entries...), noon)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(crl.Raw)
	}
	f.Add(extended(f, issuer, "2.5.29.28"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		crl, err := ParseCRL(raw)
		if err != nil {
			return
		}
		list, err := x509.ParseRevocationList(raw)
		if err != nil {
			t.Fatal(err)
		}
		all := slices.Collect(crl.All())
		if len(all) != len(list.RevokedCertificateEntries) || len(all) != crl.Entries ||
			list.Number.Cmp(crl.Number) != 0 || !list.NextUpdate.Equal(crl.NextUpdate) {
			t.Fatalf("%d entries, number %v; %d, %v", len(all), crl.Number, len(list.RevokedCertificateEntries),
				list.Number)
		}
		for i, entry := range list.RevokedCertificateEntries {
			if entry.SerialNumber.Cmp(all[i].Serial) != 0 || entry.ReasonCode != int(all[i].Reason) {
				t.Fatalf("entry %d: %v, %v", i, entry, all[i])
			}
		}
	})
}

// BenchmarkSignCRL signs and reads back a list of 100,000 entries.
func BenchmarkSignCRL(b *testing.B) {
	issuer := testIssuer(b, ECDSAP256)
	entries := make([]Revocation, 100_000)
	for i := range entries {
		serial, err := newSerial()
		if err != nil {
			b.Fatal(err)
		}
		entries[i] = Revocation{Serial: serial, Time: noon, Reason: KeyCompromise}
	}
	plan := testCRLPlan(entries...)
	plan.NextUpdate = noon.Add(30 * 24 * time.Hour)
	var size int
	for b.Loop() {
		crl, err := issuer.SignCRL(plan, noon)
		if err != nil {
			b.Fatal(err)
		}
		size = len(crl.Raw)
	}
	var memory runtime.MemStats
	runtime.ReadMemStats(&memory)
	b.ReportMetric(float64(size)/float64(len(entries)), "bytes/entry")
	b.ReportMetric(float64(memory.Sys)/(1<<20), "MiB-from-system")
}

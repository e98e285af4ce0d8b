package inbox

import (
	"regexp"
	"strings"
	"testing"
)

// legalForm is the rule as the documents give it.
var legalForm = regexp.MustCompile(`\A[A-Za-z0-9][A-Za-z0-9._-]{0,99}\z`)

func FuzzLegalName(f *testing.F) {
	for _, seed := range []string{
		"server", "a.b-c_d", "", ".x", "-x", "x y", "ca", "CA", "issuers", "x.held", "x.Denied", "x.denied.", "é",
		"x\x00",
		strings.Repeat("x", 100), strings.Repeat("x", 101),
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if !LegalName(name) {
			return
		}
		folded := strings.TrimRight(strings.ToLower(name), ".")
		if !legalForm.MatchString(name) {
			t.Errorf("%q is taken for a legal name", name)
		}
		for _, taken := range []string{"issuers", "ca", "etcd-ca", "front-proxy-ca"} {
			if folded == taken {
				t.Errorf("%q would be the CA's own file", name)
			}
		}
		if strings.HasSuffix(folded, ".held") || strings.HasSuffix(folded, ".denied") {
			t.Errorf("%q could be taken for a notice", name)
		}
		if legalTeam(name) && (strings.HasSuffix(folded, ".crt") || strings.HasSuffix(folded, ".json")) {
			t.Errorf("team %q could lie on an answer's name", name)
		}
	})
}

func TestComplete(t *testing.T) {
	const pem = "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"
	for text, want := range map[string]bool{
		"": false, "notes\n": false, pem: true, pem[:40]: false, pem[:len(pem)-7]: false,
		pem + "-----BEGIN SSH SIGNATURE-----\nAA": false, "text\n" + pem: true,
		"a\x00b": true, strings.TrimSpace(pem): true,
		"\x30": false, "\x30\x82": false, "\x30\x82\x00": false, "\x30\x82\x00\x02\x00": false,
		"\x30\x82\x00\x02\x00\x00": true, "\x30\x81\x01": false, "\x30\x81\x01\x00": true,
		"\x30\x82\x00\x01\x00\x00": true, // longer: denied, not waited for
		"\x30\x83\x01\x00\x00":     true, "\x30\x80\x00\x00": true,
	} {
		if complete([]byte(text)) != want {
			t.Errorf("complete(%q) is %v", text, !want)
		}
	}
}

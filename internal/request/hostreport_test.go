package request_test

import (
	"bytes"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// newReport is what a host with two certificates says.
func newReport() request.HostReport {
	at := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	item := request.ReportItem{
		Place: "pki/apiserver.crt", Profile: "kube-apiserver", Fingerprint: strings.Repeat("ab", 32),
		NotAfter: at.AddDate(1, 0, 0), Due: at.AddDate(0, 8, 0), Applied: "Done", Wire: strings.Repeat("ab", 32),
	}
	other := item
	other.Place, other.Applied, other.Wire = `pki/"odd" <name>.crt`, "", ""
	return request.HostReport{
		Requester: "cp1-admin", Node: "cp1", Trust: "sha256:" + strings.Repeat("01", 32), Time: at,
		Program: "component-admin 2.0.0", Items: []request.ReportItem{item, other},
		CRLs: []request.ReportCRL{{Issuer: "etcd-ca", Number: big.NewInt(1769860800), NextUpdate: at.AddDate(0, 1, 0)}},
	}
}

func encoded(t testing.TB, r request.HostReport) []byte {
	t.Helper()
	text, err := r.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func signedReport(t *testing.T, text []byte, signer ssh.Signer) []byte {
	t.Helper()
	file, err := request.SignReport(text, signer)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// TestHostReport: a report comes back as it was written, under its signer's key, and ssh-keygen verifies it, too.
func TestHostReport(t *testing.T) {
	signer := newIdentity(t)
	text := encoded(t, newReport())
	file := signedReport(t, text, signer)
	r, signature, err := request.ParseHostReport(file)
	if err != nil || signature.Fingerprint() != ssh.FingerprintSHA256(signer.PublicKey()) {
		t.Fatal(err, signature)
	}
	if again := encoded(t, r); !bytes.Equal(again, text) || r.Items[1].Place != newReport().Items[1].Place {
		t.Errorf("it came back as %s", again)
	}
	if recorded, err := request.RecordedHostReport(file); err != nil || recorded.Node != "cp1" {
		t.Errorf("recorded: %v, %v", recorded, err)
	}
	dir := t.TempDir()
	blob := filepath.Join(dir, "sig")
	allowed := filepath.Join(dir, "allowed")
	for name, content := range map[string][]byte{
		blob: file[len(text):], allowed: append([]byte("cp1-admin "), ssh.MarshalAuthorizedKey(signer.PublicKey())...),
	} {
		if err := os.WriteFile(name, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := exec.Command("ssh-keygen", "-Y", "verify", "-n", "ca-exchange-report", "-I", "cp1-admin", "-f", allowed,
		"-s", blob)
	verify.Stdin = bytes.NewReader(text)
	if out, err := verify.CombinedOutput(); err != nil {
		t.Errorf("ssh-keygen: %v: %s", err, out)
	}
}

// TestHostReportIsStrict: what is not exactly a report that its signer wrote is refused, and the error says why.
func TestHostReportIsStrict(t *testing.T) {
	signer := newIdentity(t)
	text := encoded(t, newReport())
	good := signedReport(t, text, signer)
	edited := func(old, fresh string) []byte {
		if !bytes.Contains(text, []byte(old)) {
			t.Fatalf("%s has no %s", text, old)
		}
		return signedReport(t, bytes.Replace(text, []byte(old), []byte(fresh), 1), signer)
	}
	asRequest, err := request.Sign(text, signer)
	if err != nil {
		t.Fatal(err)
	}
	const encoding = "it is not encoded as component-admin writes a host report"
	for name, c := range map[string]struct {
		file []byte
		want string
	}{
		"empty":             {nil, "it has no signature"},
		"unsigned":          {text, "it has no signature"},
		"altered":           {bytes.Replace(good, []byte("cp1-admin"), []byte("cp2-admin"), 1), "did not verify"},
		"a request's":       {asRequest, "namespace"},
		"cut":               {good[:len(good)-30], "its signature is not one whole block at its end"},
		"more behind":       {append(bytes.Clone(good), "x\n"...), "its signature is not one whole block at its end"},
		"two signatures":    {append(bytes.Clone(good), good[len(text):]...), "not one whole block"},
		"too large":         {bytes.Repeat([]byte(" "), refusal.MaxEntry+1), "at most 65536 are read"},
		"repeated field":    {edited(`"node": "cp1",`, `"node": "cp2", "node": "cp1",`), encoding},
		"field in capitals": {edited(`"node"`, `"Node"`), encoding},
		"unknown field":     {edited(`"node"`, `"secret": 1, "node"`), `unknown field "secret"`},
		"other blanks":      {edited(`"node": `, `"node":  `), encoding},
		"behind the object": {signedReport(t, append(bytes.Clone(text), "{}\n"...), signer), encoding},
		"null":              {edited(`"crls": [`, `"crls": null, "crls": [`), encoding},
		"wildcard node":     {edited(`"cp1"`, `"*.cp1"`), "node"},
		"node in capitals":  {edited(`"cp1"`, `"CP1"`), "node"},
		"other kind":        {edited("HostReport", "Answer"), "not a host report"},
		"fraction":          {edited("2026-01-31T12:00:00Z", "2026-01-31T12:00:00.5Z"), encoding},
		"other zone":        {edited("2026-01-31T12:00:00Z", "2026-01-31T13:00:00+01:00"), encoding},
		"fingerprint":       {edited(`"fingerprint": "ab`, `"fingerprint": "AB`), "does not have the form of one"},
		"applied":           {edited(`"Done"`, `"done"`), "does not have the form of one"},
		"control character": {edited(`"place": "pki`, "\"place\": \"\x1bpki"), "invalid character"},
	} {
		if _, _, err := request.ParseHostReport(c.file); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, not %s", name, err, c.want)
		}
	}
}

// TestHostReportHasRoom: a host with more certificates than have room says how many it left out, and fits with any key.
func TestHostReportHasRoom(t *testing.T) {
	r := newReport()
	for len(r.Items) < 1000 {
		r.Items = append(r.Items, r.Items[0])
	}
	file := signedReport(t, encoded(t, r), newIdentity(t))
	read, _, err := request.ParseHostReport(file)
	if err != nil {
		t.Fatal(err)
	}
	if read.More+len(read.Items) != 1000 || len(read.Items) < 100 || len(file) > refusal.MaxEntry {
		t.Errorf("%d items, %d more, %d bytes", len(read.Items), read.More, len(file))
	}
}

// FuzzParseHostReport: the reader takes any bytes; what it takes encodes to the same bytes, and a report cannot be read
// in two ways.
func FuzzParseHostReport(f *testing.F) {
	text := encoded(f, newReport())
	block := []byte("-----BEGIN SSH SIGNATURE-----\nAAAA\n-----END SSH SIGNATURE-----\n")
	f.Add(append(bytes.Clone(text), block...))
	f.Add(bytes.Replace(append(bytes.Clone(text), block...), []byte("cp1"), []byte(`\u0063p1`), 1))
	f.Add([]byte("{}\n" + string(block)))
	f.Fuzz(func(t *testing.T, file []byte) {
		if _, _, err := request.ParseHostReport(file); err == nil {
			t.Fatal("a signature was made up")
		}
		r, err := request.RecordedHostReport(file)
		if err != nil {
			return
		}
		if again, err := r.Encode(); len(file) < 32<<10 && (err != nil || !bytes.HasPrefix(file, again)) {
			t.Fatalf("read %q, encoded again %q, %v", file, again, err)
		}
	})
}

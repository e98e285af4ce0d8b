package ca

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"iter"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// old is another CA's record of an issuer that a CA has adopted.
type old struct {
	testing.TB
	ca  *CA
	key crypto.Signer
	dir string
}

func newOld(t testing.TB) *old {
	t.Helper()
	o := &old{t, headFixture(t), nil, t.TempDir()}
	text, err := os.ReadFile(filepath.Join(o.ca.dir.Path(), "ca.key"))
	o.must(err)
	o.key, _, err = pki.ParseIssuerKey(text, nil)
	o.must(err)
	return o
}

func (o *old) must(err error) {
	o.Helper()
	if err != nil {
		o.Fatal(err)
	}
}

func (o *old) issuer() *x509.Certificate { return o.ca.Trust().Authorities[0].Certificate }

// leaf is a server's certificate that the issuer signed.
func (o *old) leaf(serial int64, change ...func(*x509.Certificate)) *x509.Certificate {
	o.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: fmt.Sprintf("h%d.example", serial)},
		DNSNames:  []string{fmt.Sprintf("h%d.example", serial)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, f := range change {
		f(template)
	}
	der, err := x509.CreateCertificate(rand.Reader, template, o.issuer(), o.key.Public(), o.key)
	o.must(err)
	c, err := x509.ParseCertificate(der)
	o.must(err)
	return c
}

// foreign is a certificate that another issuer of the same name signed.
func (o *old) foreign(serial int64) *x509.Certificate {
	o.Helper()
	spec := pki.IssuerSpec{Name: "ca", CommonName: "kubernetes", KeyType: pki.ECDSAP256, Days: 3}
	other, key, err := pki.CreateIssuer(spec, time.Now())
	o.must(err)
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{SerialNumber: big.NewInt(serial)},
		other.Certificate, key.Public(), key)
	o.must(err)
	c, err := x509.ParseCertificate(der)
	o.must(err)
	return c
}

// write puts a file below the directory.
func (o *old) write(file string, text []byte) {
	o.Helper()
	path := filepath.Join(o.dir, file)
	o.must(os.MkdirAll(filepath.Dir(path), 0o755))
	o.must(os.WriteFile(path, text, 0o644))
}

func (o *old) pem(file string, certificates ...*x509.Certificate) {
	o.Helper()
	o.write(file, pki.EncodeCertificates(certificates...))
}

// sum is what an import says: numbers, then what was not taken and why.
func (o *old) sum(records iter.Seq2[Foreign, error], options ImportOptions) string {
	o.Helper()
	done, err := o.ca.Import(o.Context(), records, options)
	if err != nil {
		return err.Error()
	}
	lines := []string{fmt.Sprintf("taken %d, known %d, revoked %d", done.Taken, done.Known, done.Revoked)}
	for kind, list := range map[string][]Untaken{"refused": done.Refused, "warning": done.Warnings} {
		for _, u := range list {
			where := strings.ReplaceAll(u.Where+": "+u.Reason, o.dir+"/", "")
			lines = append(lines, kind+" "+where)
		}
	}
	slices.Sort(lines[1:])
	return strings.Join(lines, "\n")
}

// keyKnown is the warning of a valid certificate whose key is that of one with a compromised key.
func keyKnown(serial string) string {
	return "warning serial " + serial + ": its key is one that others know: ca-admin revoke " + serial +
		" --reason keyCompromise"
}

func (o *old) want(got string, lines ...string) {
	o.Helper()
	if want := strings.Join(lines, "\n"); got != want {
		o.Errorf("%s\n\nwant\n%s", got, want)
	}
}

// TestImportIndex: what an index names is taken where the issuer signed it; each other line says why not. To import
// again takes nothing.
func TestImportIndex(t *testing.T) {
	o := newOld(t)
	index := ""
	line := func(status, revoked, serial string) {
		index += status + "\t300101000000Z\t" + revoked + "\t" + serial + "\tunknown\t/CN=x\n"
	}
	o.pem("newcerts/01.pem", o.leaf(1))
	line("V", "", "01")
	o.pem("newcerts/02.pem", o.leaf(2))
	line("R", "260101000000Z,keyCompromise", "02")
	o.pem("newcerts/03.pem", o.leaf(3))
	line("E", "", "03")
	line("V", "", "04")
	line("R", "260101000000Z", "05")
	o.pem("newcerts/06.pem", o.foreign(6))
	line("V", "", "06")
	o.pem("newcerts/07.pem", o.leaf(8))
	line("V", "", "07")
	o.write("newcerts/09.pem", []byte("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"))
	line("V", "", "09")
	line("X", "", "0A")
	o.pem("newcerts/10.pem", o.leaf(0x10))
	o.must(os.Symlink("01.pem", filepath.Join(o.dir, "newcerts", "0B.pem")))
	line("V", "", "0B")
	o.must(syscall.Mkfifo(filepath.Join(o.dir, "newcerts", "0C.pem"), 0o644))
	line("V", "", "0C")
	o.pem("newcerts/0D.pem", o.leaf(1))
	line("V", "", "01")
	o.write("newcerts/0E.pem", []byte("nothing"))
	line("V", "", "0E")
	o.pem("newcerts/0F.pem", o.issuer())
	line("R", "19491231235959Z", "10")
	o.write("index.txt", []byte(index))
	refused := []string{
		`refused index.txt:10: open "newcerts/0B.pem": is a symbolic link`,
		`refused index.txt:11: open "newcerts/0C.pem": is not a regular file`,
		`refused index.txt:13: "newcerts/0E.pem" contains no certificate`,
		`refused index.txt:14: no CRL can list that it was revoked at 1949-12-31T23:59:59Z`,
		`refused index.txt:6: issuer "ca" did not sign it: x509: ECDSA verification failure`,
		`refused index.txt:7: "newcerts/07.pem" has serial 08`,
		`refused index.txt:8: "newcerts/09.pem": certificate 1: x509: malformed certificate`,
		`refused index.txt:9: the status "X" is not V, R or E`,
		`warning index.txt:4: no certificate file for serial 04`,
	}
	all := append([]string{"taken 3, known 1, revoked 2"}, refused...)
	o.want(o.sum(OpenSSL(o.dir), ImportOptions{Trial: true}), all...)
	all = append(all, keyKnown("01"), keyKnown("03")) // they have the key of 02
	if head, err := o.ca.ledger.Head(t.Context()); err != nil || head.Seq != 1 {
		t.Errorf("a trial wrote: event %d, %v", head.Seq, err)
	}
	o.want(o.sum(OpenSSL(o.dir), ImportOptions{}), all...)
	o.must(o.ca.ledger.Verify(t.Context(), 0, ""))
	states := ""
	for _, k := range o.imported() {
		states += fmt.Sprintf("%s %s %s %s %q\n", k.Serial, k.Origin, k.Status, k.Profile, k.Requester)
	}
	o.want(states, `03 Imported Issued server ""`, `02 Imported Revoked server ""`, `01 Imported Issued server ""`, "")
	all[0] = "taken 0, known 4, revoked 0"
	o.want(o.sum(OpenSSL(o.dir), ImportOptions{}), all...)
}

// TestImportFiles: certificates are found in PEM and DER, beside keys, several in a file, in kubeconfigs, in any depth;
// issuers' own and other files are passed over, links are not followed, and a file that was named must have one.
func TestImportFiles(t *testing.T) {
	o := newOld(t)
	ca := o.issuer()
	o.pem("pki/ca.crt", ca)
	o.pem("pki/both.pem", o.leaf(1), ca, o.leaf(2))
	o.write("pki/der.cer", o.leaf(3).Raw)
	key, err := os.ReadFile(filepath.Join(o.ca.dir.Path(), "ca.key"))
	o.must(err)
	o.write("kubelet/pki/current.pem", append(pki.EncodeCertificates(o.leaf(4)), key...))
	o.write("admin.conf", kube.Kubeconfig{Cluster: "k", Server: "https://a:1", User: "admin", Key: key,
		CA: pki.EncodeCertificates(ca), Certificate: pki.EncodeCertificates(o.leaf(5))}.Encode())
	o.write("pki/ca.key", key)
	o.write("manifests/etcd.yaml", []byte("client-certificate-data: x\n"))
	o.write("log", make([]byte, certificateLimit+1))
	o.must(os.Symlink(filepath.Join(o.ca.dir.Path(), "ca.crt"), filepath.Join(o.dir, "out.crt")))
	o.must(syscall.Mkfifo(filepath.Join(o.dir, "fifo.pem"), 0o644))
	o.pem("pki/foreign.crt", o.foreign(9))
	o.want(o.sum(Files(o.dir), ImportOptions{}), "taken 5, known 0, revoked 0",
		`refused pki/foreign.crt: issuer "ca" did not sign it: x509: ECDSA verification failure`)
	o.must(os.Symlink("pki/der.cer", filepath.Join(o.dir, "named.crt")))
	o.want(o.sum(Files(filepath.Join(o.dir, "named.crt"), filepath.Join(o.dir, "pki/ca.key"),
		filepath.Join(o.dir, "fifo.pem"), filepath.Join(o.dir, "log")), ImportOptions{}), "taken 0, known 1, revoked 0",
		`refused fifo.pem: open "fifo.pem": is not a regular file`,
		`refused log: read "log": is larger than allowed`, "refused pki/ca.key: contains no certificate")
	if got := o.sum(Files(filepath.Join(o.dir, "none")), ImportOptions{}); !strings.Contains(got, "no such file") {
		t.Error(got)
	}
}

// TestImportDeep: a walk ends, however deep the directories are.
func TestImportDeep(t *testing.T) {
	o := newOld(t)
	o.pem(strings.Repeat("d/", mostDepth)+"a.pem", o.leaf(1))
	o.want(o.sum(Files(o.dir), ImportOptions{}), "taken 1, known 0, revoked 0")
	o.pem(strings.Repeat("d/", mostDepth+1)+"b.pem", o.leaf(2))
	o.want(o.sum(Files(o.dir), ImportOptions{}), "taken 0, known 1, revoked 0",
		"refused "+strings.Repeat("d/", mostDepth)+"d: more than 16 directories deep")
}

// TestImportSerialTwice: a CA that gave a serial twice is told so: the ledger has one certificate of a serial, whether
// both come at once or one after the other.
func TestImportSerialTwice(t *testing.T) {
	o := newOld(t)
	o.pem("a.pem", o.leaf(1), o.leaf(2))
	o.pem("b.pem", o.leaf(2), o.leaf(3), o.leaf(0x80))
	o.want(o.sum(Files(o.dir), ImportOptions{}), "taken 4, known 0, revoked 0",
		`refused b.pem: issuer "ca" has another certificate with serial 02`)
	o.pem("c.pem", o.leaf(3))
	o.want(o.sum(Files(filepath.Join(o.dir, "c.pem")), ImportOptions{}), "taken 0, known 0, revoked 0",
		`refused c.pem: issuer "ca" has another certificate with serial 03`)
}

// TestRevokedList: which rows of a list revoke what; to import it again revokes nothing.
func TestRevokedList(t *testing.T) {
	o := newOld(t)
	o.pem("a.pem", o.leaf(1), o.leaf(2))
	o.sum(Files(o.dir), ImportOptions{})
	list := filepath.Join(o.dir, "revoked.csv")
	o.write("revoked.csv", []byte("reason,serial,time,issuer\r\nkeyCompromise,01,2026-01-31T12:00:00Z,\r\n"+
		",0A:0B,2026-01-31T12:00:00Z,ca\r\n,02,yesterday,\r\nbored,02,2026-01-31T12:00:00Z,\r\n"+
		",x,2026-01-31T12:00:00Z,\r\n,03,2026-01-31T12:00:00Z,other\r\n,02,0001-01-01T00:00:00Z,\r\n"))
	refused := []string{
		`refused revoked.csv:4: "yesterday" is not a time (example: 2026-01-31T12:00:00Z)`,
		`refused revoked.csv:5: "bored" is not a reason: give one of ` + strings.Join(pki.ReasonNames(), ", "),
		`refused revoked.csv:6: "x" is not a serial`, `refused revoked.csv:7: "other" is not an issuer here`,
		`refused revoked.csv:8: no CRL can list that it was revoked at 0001-01-01T00:00:00Z`,
		keyKnown("02"),
	}
	o.want(o.sum(RevokedList(list), ImportOptions{}), append([]string{"taken 0, known 0, revoked 2"}, refused...)...)
	o.want(o.sum(RevokedList(list), ImportOptions{}), append([]string{"taken 0, known 0, revoked 0"}, refused...)...)
	o.must(o.ca.ledger.Verify(t.Context(), 0, ""))
	for text, want := range map[string]string{
		"": "must name the columns", "serial\n01\n": "must name the columns",
		"serial,time\n01\n": "wrong number of fields", "serial,time\n\"": "parse error",
	} {
		o.write("bad.csv", []byte(text))
		got := o.sum(RevokedList(filepath.Join(o.dir, "bad.csv")), ImportOptions{})
		if !strings.Contains(got, want) {
			t.Errorf("%q: %s", text, got)
		}
	}
}

// TestImportedProfile: the profile of each kubeadm certificate, by issuer, subject, usages and, where two are alike, by
// its file; and of a certificate of any other CA.
func TestImportedProfile(t *testing.T) {
	o := newOld(t)
	rules, err := o.ca.Rules()
	o.must(err)
	leaf := func(commonName string, organizations []string, usages []x509.ExtKeyUsage) *x509.Certificate {
		return &x509.Certificate{Subject: pkix.Name{CommonName: commonName, Organization: organizations},
			ExtKeyUsage: usages, DNSNames: []string{"a.example"}}
	}
	check := func(want string, leaf *x509.Certificate, issuer, file string) {
		t.Helper()
		if got := o.ca.importedProfile(rules, leaf, issuer, file); got != want {
			t.Errorf("%v of issuer %s in %s: %q, want %q", leaf.Subject, issuer, file, got, want)
		}
	}
	server, client := x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth
	check("server", leaf("a.example", nil, []x509.ExtKeyUsage{server}), "ca", "a.pem")
	check("server", leaf("a.example", nil, nil), "ca", "a.pem")
	check("client", leaf("a", nil, []x509.ExtKeyUsage{client}), "ca", "a.pem")
	check("user", leaf("a", nil, []x509.ExtKeyUsage{client}), "ca", "a.conf")
	check("peer", leaf("a.example", nil, []x509.ExtKeyUsage{server, client}), "ca", "a.pem")
	check("", leaf("a", nil, []x509.ExtKeyUsage{x509.ExtKeyUsageCodeSigning}), "ca", "a.pem")
	authority := leaf("a", nil, nil)
	authority.IsCA = true
	check("authority", authority, "ca", "a.pem")
	var three []pki.Authority
	for _, i := range kube.Issuers() {
		three = append(three, pki.Authority{Name: i.Name, Certificate: o.issuer()})
	}
	o.ca.trust.Store(&pki.Trust{Authorities: three})
	for _, p := range kube.Profiles(rules.Release) {
		if p.Generic() {
			continue
		}
		file := p.Certificate + p.Kubeconfig
		k := leaf(strings.ReplaceAll(p.CommonName, "{node}", "cp1"), p.Organizations, p.Usages)
		check(p.Name, k, p.Issuer, filepath.Join("/etc/kubernetes", file))
	}
	check("", leaf("cp1", nil, []x509.ExtKeyUsage{server, client}), kube.EtcdIssuer, "a.pem")
	check("peer", leaf("cp1", nil, []x509.ExtKeyUsage{server, client}), kube.ClusterIssuer, "a.pem")
}

// imported are the certificates in the ledger.
func (o *old) imported() (all []ledger.Listed) {
	o.Helper()
	for k, err := range o.ca.ledger.Certificates(o.Context(), ledger.Filter{Order: ledger.ByIssue}) {
		o.must(err)
		all = append(all, k)
	}
	return all
}

// BenchmarkImport imports certificates from an index and one file for each.
func BenchmarkImport(b *testing.B) {
	o := newOld(b)
	var index strings.Builder
	for n := range int64(b.N) {
		leaf := o.leaf(n + 1)
		o.pem("newcerts/"+pki.IndexSerial(leaf)+".pem", leaf)
		fmt.Fprintf(&index, "V\t300101000000Z\t\t%s\tunknown\t/CN=x\n", pki.IndexSerial(leaf))
	}
	o.write("index.txt", []byte(index.String()))
	b.ResetTimer()
	done, err := o.ca.Import(b.Context(), OpenSSL(o.dir), ImportOptions{})
	if err != nil || done.Taken != b.N {
		b.Errorf("%+v, %v", done, err)
	}
}

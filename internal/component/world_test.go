package component

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"log/slog"
	"math/big"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// authority is a CA of the tests' own: it signs with the standard library whatever a test wants, right or wrong.
type authority struct {
	certificate *x509.Certificate
	key         crypto.Signer
}

func newAuthority(t *testing.T, commonName string, from time.Time) authority {
	t.Helper()
	key := newKey(t)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: commonName},
		NotBefore: from.Add(-time.Hour), NotAfter: from.AddDate(10, 0, 0), BasicConstraintsValid: true, IsCA: true,
		KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte(commonName),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	must(t, err)
	c, err := x509.ParseCertificate(der)
	must(t, err)
	return authority{c, key}
}

// sign makes a certificate of a template.
func (a authority) sign(t *testing.T, template *x509.Certificate, key crypto.PublicKey) []byte {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key, a.key)
	must(t, err)
	c, err := x509.ParseCertificate(der)
	must(t, err)
	return pki.EncodeCertificates(c)
}

// world is a host, an exchange and the CA of a test, with a clock that the test moves.
type world struct {
	dir    string
	ca     authority
	clock  time.Time
	serial int64
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{dir: t.TempDir(), clock: time.Now().UTC().Truncate(time.Second)}
	w.ca = newAuthority(t, "kubernetes", w.clock)
	trust := w.trust(t)
	x, err := inbox.Create(w.path("exchange"), inbox.Options{Trust: trust.Fingerprint})
	must(t, err)
	must(t, x.Close())
	w.publish(t, "issuers.pem", pki.EncodeTrust(trust.Authorities))
	c, err := Create(w.path("host"), Config{Name: "cp1", Trust: trust.Fingerprint}, w.settings())
	must(t, err)
	must(t, c.Close())
	return w
}

func (w *world) trust(t *testing.T) pki.Trust {
	t.Helper()
	trust, err := pki.ParseTrust(pki.EncodeCertificates(w.ca.certificate))
	must(t, err)
	return trust
}

func (w *world) settings() Settings {
	return Settings{Now: func() time.Time { return w.clock }, Log: slog.New(slog.DiscardHandler)}
}

func (w *world) path(parts ...string) string {
	return filepath.Join(append([]string{w.dir}, parts...)...)
}

func (w *world) open(t *testing.T) *Component {
	t.Helper()
	c, err := Open(w.path("host"), w.settings())
	must(t, err)
	t.Cleanup(func() { c.Close() })
	return c
}

// sync runs one Sync of the host and gives its result by place.
func (w *world) sync(t *testing.T, o SyncOptions) map[string]Progress {
	t.Helper()
	c := w.open(t)
	x, err := inbox.Open(w.path("exchange"))
	must(t, err)
	defer x.Close()
	all, err := c.Sync(t.Context(), x, o)
	must(t, err)
	found := map[string]Progress{}
	for _, p := range all {
		found[p.Files.Place()] = p
	}
	return found
}

// syncWith is a Sync whose error is the caller's.
func (w *world) syncWith(t *testing.T, c *Component) ([]Progress, error) {
	x, err := inbox.Open(w.path("exchange"))
	if err != nil {
		return nil, err
	}
	defer x.Close()
	return c.Sync(t.Context(), x, SyncOptions{})
}

// request asks for a server's certificate and gives its state.
func (w *world) request(t *testing.T, change ...func(*kube.Ask, *Wish)) State {
	t.Helper()
	ask, wish := serverAsk(t)
	for _, c := range change {
		c(&ask, &wish)
	}
	s, err := w.open(t).Request(ask, wish)
	must(t, err)
	return s
}

// serverAsk is an ask for www.example, as the command line makes it.
func serverAsk(t *testing.T) (kube.Ask, Wish) {
	t.Helper()
	p, ok := kube.Find(kube.Latest(), "server")
	if !ok {
		t.Fatal("no profile server")
	}
	names := pki.Names{DNS: []string{"www.example"}, IPs: []netip.Addr{netip.MustParseAddr("192.0.2.21")}}
	ask := kube.AskFor(p, nil, "", names)
	ask.CommonName = "www.example"
	files := Files{Certificate: "pki/www.crt", Key: "pki/www.key"}
	return ask, Wish{KeyType: pki.ECDSAP256, Release: kube.Latest(), Files: files}
}

// template is what an honest CA makes of an entry in the inbox; nil where none lies there.
func (w *world) template(t *testing.T, s State) (*x509.Certificate, crypto.PublicKey) {
	t.Helper()
	c := w.open(t)
	_, req, err := c.read(s)
	must(t, err)
	p, err := profileOf(s)
	must(t, err)
	cn, o := p.Subject(s.Node)
	if cn == "" {
		cn = s.CommonName
	}
	w.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1000 + w.serial), Subject: pkix.Name{CommonName: cn, Organization: o},
		NotBefore: w.clock.Add(-time.Minute), NotAfter: w.clock.AddDate(1, 0, 0), BasicConstraintsValid: true,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: p.Usages, DNSNames: req.CSR.Names.DNS,
	}
	for _, ip := range req.CSR.Names.IPs {
		template.IPAddresses = append(template.IPAddresses, net.IP(ip.AsSlice()))
	}
	return template, req.CSR.Key
}

// answer publishes the certificate of a request, changed by the test, and takes the entry away as a CA does.
func (w *world) answer(t *testing.T, s State, change ...func(*x509.Certificate)) {
	t.Helper()
	template, key := w.template(t, s)
	for _, c := range change {
		c(template)
	}
	w.publish(t, s.Entry+".crt", w.ca.sign(t, template, key))
	w.take(t, s)
}

// take removes a request's entry from the inbox.
func (w *world) take(t *testing.T, s State) {
	t.Helper()
	if err := os.Remove(w.path("exchange", "inbox", s.Entry+".csr")); !errors.Is(err, os.ErrNotExist) {
		must(t, err)
	}
}

func (w *world) publish(t *testing.T, name string, content []byte) {
	t.Helper()
	must(t, os.WriteFile(w.path("exchange", "outbox", name), content, 0o644))
}

// waiting lists what lies in the inbox.
func (w *world) waiting(t *testing.T) string {
	t.Helper()
	return list(t, w.path("exchange", "inbox"))
}

func list(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return strings.Join(names, " ")
}

func (w *world) read(t *testing.T, parts ...string) []byte {
	t.Helper()
	b, err := os.ReadFile(w.path(parts...))
	must(t, err)
	return b
}

// pair holds a certificate and key of the host against each other and gives the certificate.
func (w *world) pair(t *testing.T, certificate, key string) *x509.Certificate {
	t.Helper()
	c, err := pki.ParseCertificates(w.read(t, "host", certificate))
	must(t, err)
	if !w.matches(t, certificate, key) {
		t.Fatalf("%s and %s do not belong together", certificate, key)
	}
	return c[0]
}

// matches reports whether a certificate and a key of the host belong together.
func (w *world) matches(t *testing.T, certificate, key string) bool {
	t.Helper()
	c, err := pki.ParseCertificates(w.read(t, "host", certificate))
	must(t, err)
	k, err := pki.ParsePrivateKey(w.read(t, "host", key), nil)
	must(t, err)
	pub, ok := k.Public().(interface{ Equal(crypto.PublicKey) bool })
	return ok && pub.Equal(c[0].PublicKey)
}

func newKey(t *testing.T) crypto.Signer {
	t.Helper()
	key, err := pki.ECDSAP256.Generate()
	must(t, err)
	return key
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// parsed reads an entry of the inbox.
func (w *world) parsed(t *testing.T, s State) *request.Request {
	t.Helper()
	r, refusals := request.Parse(w.read(t, "exchange", "inbox", s.Entry+".csr"), nil)
	if r == nil {
		t.Fatal(refusals)
	}
	return r
}

package e2e_test

import (
	"bytes"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hiddeco/sshsig"
	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// TestForgeries: what a requester, or a neighbour who sees his requests, may forge of covers, signatures, names and
// subjects. Only the five controls end in a certificate.
func TestForgeries(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	x.requester("greedy", "--profile", "server,client,kubelet,kubelet-serving", "--dns", "*.example",
		"--ip", "192.0.2.0/24,2001:db8::/64", "--node", "w1")
	f := &forger{exchange: x, entries: map[string][]byte{}}
	f.controls()
	f.covers()
	f.signatures()
	f.dates()
	f.dnsNames()
	f.addresses()
	f.otherNames()
	f.profiles()
	f.commonNames()
	f.subjects()
	f.nodes()
	const controls = 5
	if hostile := len(f.entries) - controls; hostile < 114 {
		t.Errorf("only %d forgeries", hostile)
	}
	for name, entry := range f.entries {
		x.drop(name+".csr", entry)
	}
	x.ends(3*time.Minute, "sync", "-q", "--settle", "0s")
	served := 0
	for _, name := range x.issued() {
		if strings.HasPrefix(name, "control-") {
			served++
			continue
		}
		c := firstCertificate(t, x.path("outbox", name+".crt"))
		t.Errorf("%s got %s, %q %v", name, c.Subject, c.DNSNames, c.IPAddresses)
	}
	if served != controls {
		t.Errorf("%d of %d controls are issued: %q", served, controls, x.issued())
	}
}

// forger gathers entries by the names they are dropped under.
type forger struct {
	*exchange
	entries map[string][]byte
}

func (f *forger) put(name string, entry []byte) {
	f.Helper()
	if _, ok := f.entries[name]; ok {
		f.Fatalf("two forgeries are called %s", name)
	}
	f.entries[name] = entry
}

// ask puts a wish of greedy's, signed.
func (f *forger) ask(name string, w wish) {
	f.Helper()
	w.requester = "greedy"
	f.put(name, w.signed(f.exchange, f.signers["greedy"]))
}

// sign signs bytes as they are, whether or not they are a request.
func (f *forger) sign(text, namespace string, signer ssh.Signer) []byte {
	f.Helper()
	signature, err := sshsig.Sign(strings.NewReader(text), signer, sshsig.HashSHA512, namespace)
	must(f.T, err)
	return append([]byte(text), sshsig.Armor(signature)...)
}

func (f *forger) signed(text string) []byte {
	f.Helper()
	return f.sign(text, "ca-exchange-request", f.signers["greedy"])
}

func (f *forger) controls() {
	f.ask("control-dns", wishFor("server", "", "a.example", "a.example"))
	f.ask("control-second", wishFor("server", "", "b.example", "b.example"))
	f.ask("control-ip", wish{profile: "server", ips: []string{"192.0.2.255"}})
	// A certificate that the ledger does not know is no reason to grant more or less: the request is a first one.
	replaces := wishFor("server", "", "c.example", "c.example")
	replaces.cover = func(c *request.Cover) { c.Replaces = strings.Repeat("0", 64) }
	f.ask("control-replaces-nothing", replaces)
	f.ask("control-kubelet", wish{profile: "kubelet", subject: nodeSubject("w1")})
}

func nodeSubject(node string) pkix.Name {
	return pkix.Name{CommonName: "system:node:" + node, Organization: []string{"system:nodes"}}
}

// covers forges what lies around the lines of a cover.
func (f *forger) covers() {
	plain := string(wishFor("server", "greedy", "a.example", "a.example").covered(f.exchange))
	whole := string(f.signed(plain))
	cover, csr, _ := strings.Cut(plain, "\n\n")
	lines := strings.SplitAfter(cover+"\n", "\n")
	signature := strings.TrimPrefix(whole, plain)

	f.put("edited-profile", []byte(strings.Replace(whole, "Profile: server", "Profile: client", 1)))
	f.put("crlf-all", []byte(strings.ReplaceAll(whole, "\n", "\r\n")))
	f.put("crlf-cover", []byte(strings.ReplaceAll(cover, "\n", "\r\n")+"\r\n\r\n"+csr+signature))
	f.put("blank-at-end", []byte(strings.Replace(whole, "Profile: server", "Profile: server ", 1)))
	f.put("profile-twice", f.signed(lines[0]+lines[1]+lines[1]+strings.Join(lines[2:], "")+"\n"+csr))
	f.put("two-covers", f.signed(cover+"\n\n"+plain))
	f.put("text-before-cover", f.signed("hello\n"+plain))
	f.put("text-behind-cover", f.signed(cover+"\n\ntext\n"+csr))
	f.put("blank-before-signature", []byte(plain+"\n"+signature))
	f.put("text-behind-signature", []byte(whole+"trailing\n"))
	f.put("bom", []byte("\ufeff"+whole))
	f.put("lower-case-cover", f.signed("c"+plain[1:]))
	f.put("blank-before-cover", f.signed("\n"+plain))
	f.put("lines-swapped", f.signed(lines[0]+lines[2]+lines[1]+strings.Join(lines[3:], "")+"\n"+csr))
	f.put("cover-stripped", []byte(csr+signature))
	f.put("signature-stripped", []byte(plain))
}

// signatures forges who signed what, and what for.
func (f *forger) signatures() {
	w := wishFor("server", "greedy", "a.example", "a.example")
	plain := string(w.covered(f.exchange))
	whole := f.signed(plain)
	signature := whole[len(plain):]
	dead := requesttest.SecurityKey(f.T)
	f.put("signature-twice", slices.Concat(whole, signature))
	f.put("namespace-file", f.sign(plain, "file", f.signers["greedy"]))
	f.put("namespace-renewal", f.sign(plain, "ca-exchange-renewal", f.signers["greedy"]))
	f.put("unknown-key", f.sign(plain, "ca-exchange-request", dead))
	other := string(wishFor("server", "greedy", "c.example", "c.example").covered(f.exchange))
	cover, _, _ := strings.Cut(plain, "\n\n")
	_, csr, _ := strings.Cut(other, "\n\n")
	f.put("other-csr-under-it", append([]byte(cover+"\n\n"+csr), signature...))
	w.requester = "somebody"
	f.put("requester-of-another", w.signed(f.exchange, f.signers["greedy"]))
	f.put("signature-cut", bytes.Replace(whole, []byte("-----END SSH SIGNATURE-----\n"), nil, 1))
	f.put("signature-of-nothing", append([]byte(plain), f.sign("", "ca-exchange-request", f.signers["greedy"])...))
}

// dates forges times and what the cover is for.
func (f *forger) dates() {
	for name, change := range map[string]func(*request.Cover){
		"expired": func(c *request.Cover) {
			c.Created, c.Expires = c.Created.AddDate(-6, 0, 0), c.Created.AddDate(-5, 0, 0)
		},
		"future": func(c *request.Cover) {
			c.Created, c.Expires = c.Created.AddDate(60, 0, 0), c.Created.AddDate(61, 0, 0)
		},
		"expires-first":    func(c *request.Cover) { c.Expires = c.Created.Add(-time.Minute) },
		"other-trust":      func(c *request.Cover) { c.Trust = "sha256:" + strings.Repeat("0", 64) },
		"other-cluster":    func(c *request.Cover) { c.Cluster = "another" },
		"days-beyond-form": func(c *request.Cover) { c.Days = 99999 },
	} {
		w := wishFor("server", "", "a.example", "a.example")
		w.cover = change
		f.ask(name, w)
	}
}

func (f *forger) dnsNames() {
	for i, name := range []string{
		"a.b.example", "example", "x.example.evil", "xexample", "evil.com", "a.example.", "a..example", "-a.example",
		"a_b.example",
		"192.0.2.9", "*.example", "*.a.example", "*", "a*.example", "xn--a.example", "xn--80ak6aa92e.com", "localhost",
		"kubernetes.default.svc", "a.example\x00.evil", " a.example", "a.example/", "A.EVIL",
	} {
		f.ask(fmt.Sprintf("dns-%d", i), wishFor("server", "", "a.example", name))
	}
}

func (f *forger) addresses() {
	for i, ip := range []string{
		"192.0.3.0", "192.0.1.255", "0.0.0.0", "255.255.255.255", "224.0.0.1", "127.0.0.1", "::192.0.2.9",
		"2001:db8:0:1::1",
		"::", "ff02::1", "::1", "fe80::1",
	} {
		f.ask(fmt.Sprintf("ip-%d", i), wish{profile: "server", subject: pkix.Name{CommonName: "a.example"},
			dns: []string{"a.example"}, ips: []string{ip}})
	}
}

// otherNames asks for kinds of names that no profile has.
func (f *forger) otherNames() {
	const email, directory, uri, address, registered, other = 1, 4, 6, 7, 8, 0
	text := func(tag int, value string) asn1.RawValue {
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, Bytes: []byte(value)}
	}
	inside := func(tag int, value any) asn1.RawValue {
		b, err := asn1.Marshal(value)
		must(f.T, err)
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: b}
	}
	mapped := netip.MustParseAddr("::ffff:192.0.2.9").As16()
	for name, value := range map[string]asn1.RawValue{
		"san-mapped": text(address, string(mapped[:])), "san-short": text(address, "\xc0\x00\x02"),
		"san-email": text(email, "root@a.example"), "san-uri": text(uri, "spiffe://a.example/x"),
		"san-rid":       {Class: asn1.ClassContextSpecific, Tag: registered, Bytes: []byte{0x2a, 3, 4}},
		"san-directory": inside(directory, pkix.Name{CommonName: "root"}.ToRDNSequence()),
		"san-other":     inside(other, asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 311, 20, 2, 3}),
	} {
		san, err := asn1.Marshal([]asn1.RawValue{text(2, "a.example"), value})
		must(f.T, err)
		f.ask(name, wish{profile: "server", subject: pkix.Name{CommonName: "a.example"},
			extensions: []pkix.Extension{{Id: asn1.ObjectIdentifier{2, 5, 29, 17}, Value: san}}})
	}
	f.ask("no-san", wishFor("server", "", "a.example"))
}

func (f *forger) profiles() {
	for _, profile := range []string{
		"admin", "super-admin", "kube-apiserver", "front-proxy-client", "apiserver-kubelet-client",
		"apiserver-etcd-client",
		"kube-controller-manager", "etcd-server", "nonsense",
	} {
		f.ask("profile-"+profile, wishFor(profile, "", "a.example", "a.example"))
	}
}

func (f *forger) commonNames() {
	for i, name := range []string{
		"system:masters", "system:admin", "System:node:w1", "system:kube-controller-manager", "kubernetes-admin",
		"KUBERNETES-ADMIN", "kubernetes-super-admin", "kube-apiserver", "kube-apiserver-kubelet-client",
		"front-proxy-client",
		"kube-etcd-healthcheck-client", "\uff53ystem:masters", "system\uff1amasters", " system:masters",
		"kubeadm:cluster-admins",
		"\u017fystem:masters",
	} {
		f.ask(fmt.Sprintf("cn-%d", i), wishFor("client", "", name))
	}
}

// attribute is one attribute of a subject.
func attribute(value string, oid ...int) pkix.AttributeTypeAndValue {
	return pkix.AttributeTypeAndValue{Type: oid, Value: value}
}

// subjects hides groups and users where they may be overlooked.
func (f *forger) subjects() {
	cn, o, ou := []int{2, 5, 4, 3}, []int{2, 5, 4, 10}, []int{2, 5, 4, 11}
	uid, kubernetes := []int{0, 9, 2342, 19200300, 100, 1, 1}, []int{1, 3, 6, 1, 4, 1, 57683, 2}
	user := attribute("u", cn...)
	one := func(all ...pkix.AttributeTypeAndValue) (sequence pkix.RDNSequence) {
		for _, a := range all {
			sequence = append(sequence, pkix.RelativeDistinguishedNameSET{a})
		}
		return sequence
	}
	for name, subject := range map[string]pkix.RDNSequence{
		"o-masters":  one(attribute("system:masters", o...), user),
		"o-admins":   one(attribute("kubeadm:cluster-admins", o...), user),
		"o-multi":    {{user, attribute("system:masters", o...)}},
		"ou-masters": one(attribute("system:masters", ou...), user),
		"two-cn":     one(user, attribute("system:masters", cn...)),
		"uid":        one(attribute("system:masters", uid...), user),
		"k8s-uid":    one(attribute("0", kubernetes...), user),
	} {
		raw, err := asn1.Marshal(subject)
		must(f.T, err)
		f.ask(name, wish{profile: "client", rawSubject: raw})
	}
}

// nodes asks for kubelets that are not w1.
func (f *forger) nodes() {
	w1 := func(c *request.Cover) { c.Node = "w1" }
	for i, name := range []string{"w2", "W1", "w1.", "w1/x", "", "*", "w1 w2"} {
		f.ask(fmt.Sprintf("kubelet-%d", i), wish{profile: "kubelet", subject: nodeSubject(name)})
		f.ask(fmt.Sprintf("kubelet-covered-%d", i), wish{profile: "kubelet", subject: nodeSubject(name), cover: w1})
	}
	w2 := func(c *request.Cover) { c.Node = "w2" }
	f.ask("node-of-another", wish{profile: "kubelet", subject: nodeSubject("w1"), cover: w2})
	masters := nodeSubject("w1")
	masters.Organization = append(masters.Organization, "system:masters")
	f.ask("kubelet-masters", wish{profile: "kubelet", subject: masters})
	f.ask("kubelet-san", wish{profile: "kubelet", subject: nodeSubject("w1"), dns: []string{"w1"}})
	f.ask("serving-other", wish{profile: "kubelet-serving", subject: nodeSubject("w1"), dns: []string{"w2"}})
	f.ask("serving-no-name", wish{profile: "kubelet-serving", subject: nodeSubject("w1")})
}

package policy

import (
	"crypto"
	"crypto/ed25519"
	"crypto/x509"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

const trust = "sha256:0000000000000000000000000000000000000000000000000000000000000000"

// profiles are a few of every kind: with a node, without names, generic, guarded.
func profiles() []pki.Profile {
	server, client := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	keys := pki.KubernetesKeyTypes()
	return []pki.Profile{
		{Name: "kube-apiserver", Issuer: "ca", CommonName: "kube-apiserver", Usages: server, Names: pki.RequiredNames,
			OwnNames: []string{"{node}", "kubernetes", "{serviceIP}", "{endpoint}", "{address}"}, KeyTypes: keys},
		{Name: "etcd-server", Issuer: "etcd-ca", CommonName: "{node}", Usages: append(slices.Clone(server), client...),
			Names: pki.RequiredNames, OwnNames: []string{"{node}", "localhost", "127.0.0.1"}, KeyTypes: keys},
		{Name: "etcd-peer", Issuer: "etcd-ca", CommonName: "{node}", Usages: append(slices.Clone(server), client...),
			Names: pki.RequiredNames, OwnNames: []string{"{node}", "localhost", "127.0.0.1"}, KeyTypes: keys},
		{Name: "kubelet", Issuer: "ca", CommonName: "system:node:{node}", Organizations: []string{"system:nodes"},
			Usages: client, KeyTypes: keys},
		{Name: "kube-scheduler", Issuer: "ca", CommonName: "system:kube-scheduler", Usages: client, KeyTypes: keys},
		{Name: "super-admin", Issuer: "ca", CommonName: "kubernetes-super-admin",
			Organizations: []string{"system:masters"}, Usages: client, KeyTypes: keys, Guarded: true},
		{Name: "server", Issuer: "ca", Usages: server, Names: pki.RequiredNames, KeyTypes: pki.GenericKeyTypes()},
		{Name: "client", Issuer: "ca", Usages: client, Names: pki.SomeNames, KeyTypes: pki.GenericKeyTypes()},
		{Name: "peer", Issuer: "ca", Usages: append(slices.Clone(server), client...), Names: pki.RequiredNames,
			KeyTypes: pki.GenericKeyTypes()},
		{Name: "user", Issuer: "ca", Usages: client, KeyTypes: pki.GenericKeyTypes()},
	}
}

// identity is a requester's key.
func identity(t testing.TB, seed byte) (ssh.Signer, string) {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(ed25519.NewKeyFromSeed(slices.Repeat([]byte{seed}, 32)))
	if err != nil {
		t.Fatal(err)
	}
	return signer, strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey())))
}

// some picks a few of a list.
func some(r *rand.Rand, items ...string) []string {
	var picked []string
	for _, item := range items {
		if r.IntN(2) == 0 {
			picked = append(picked, item)
		}
	}
	return picked
}

func randomScope(r *rand.Rand) Scope {
	return Scope{
		Profiles: some(r, "kube-apiserver", "etcd-server", "kubelet", "kube-scheduler", "server", "client", "peer",
			"user"),
		Nodes:     some(r, "cp1", "cp*", "w**", "**"),
		DNS:       some(r, "*.a.example", "**.b.example", "cp1", "localhost", "**"),
		Wildcards: some(r, "*.a.example"),
		IPs:       some(r, "192.0.2.0/24", "10.96.0.1", "127.0.0.1", "0.0.0.0/0"),
		Users:     some(r, "alice", "*@a.example", "kube-*"),
		Groups:    some(r, "ops", "dev-*", "system*"),
	}
}

// randomRequest asks for what some profile is, and now and then for something beside it in any part.
func randomRequest(t *testing.T, r *rand.Rand, keys []crypto.Signer, signers []ssh.Signer) *request.Request {
	t.Helper()
	often := func() bool { return r.IntN(5) > 0 }
	profile := profiles()[r.IntN(10)]
	node := []string{"cp1", "cp2", "w1", "db1", "kubernetes", "api"}[r.IntN(6)]
	cn, organizations := profile.Subject(node)
	if !often() || cn == "" {
		cn = []string{"kube-apiserver", node, "system:node:" + node, "kubernetes-super-admin", "alice", "x.a.example",
			"system:anything",
			"bob@a.example", "Kube-APIserver", "kube-etcd", "192.0.2.7"}[r.IntN(11)]
	}
	if !often() || generic(profile) && r.IntN(2) == 0 {
		organizations = some(r, "system:nodes", "system:masters", "ops", "dev-team", "Acme")
	}
	var names pki.Names
	if profile.Names == pki.RequiredNames || !often() {
		names.DNS = some(r, node, "localhost", "kubernetes", "x.a.example", "y.z.b.example", "alice")
		for _, ip := range some(r, "192.0.2.7", "192.0.2.10", "10.96.0.1", "127.0.0.1") {
			names.IPs = append(names.IPs, netip.MustParseAddr(ip))
		}
		if profile.HasNode() {
			names = names.Merge(pki.Names{DNS: []string{node}})
		}
		if !often() {
			names = names.Merge(pki.Names{DNS: some(r, "evil.example", "*.a.example"),
				IPs: []netip.Addr{netip.MustParseAddr("198.51.100.1")}})
		}
	}
	csr, err := request.Create(keys[r.IntN(len(keys))], cn, organizations, names)
	if err != nil {
		t.Fatal(err)
	}
	var cover *request.Cover
	if often() {
		cover = &request.Cover{Profile: profile.Name, Requester: "me", Trust: trust, Days: r.IntN(800), Created: noon,
			Expires: noon.Add(time.Hour), Nonce: strings.Repeat("0", 32)}
		if profile.HasNode() {
			cover.Node = node
		}
		if !often() {
			cover.Profile, cover.Node = profiles()[r.IntN(10)].Name, []string{"", "cp9"}[r.IntN(2)]
		}
	}
	entry := request.Encode(cover, csr)
	if i := r.IntN(len(signers) + 2); cover != nil && i <= len(signers) {
		if entry, err = request.Sign(entry, signers[max(i-1, 0)]); err != nil {
			t.Fatal(err)
		}
	}
	req, found := request.Parse(entry, nil)
	if req == nil {
		t.Fatalf("a request of the test's own is refused: %v", found)
	}
	return req
}

// randomPolicy has one requester, and in a third of all cases a scope for everybody.
func randomPolicy(t *testing.T, r *rand.Rand, authorized string) (*Policy, Scope) {
	t.Helper()
	scope := randomScope(r)
	config := Config{APIVersion: apiVersion, Kind: "Policy", Cluster: testCluster(),
		Certificates: Certificates{Days: 100, MaxDays: 1 + r.IntN(400)}}
	config.Certificates.Days = min(100, config.Certificates.MaxDays)
	if r.IntN(3) == 0 {
		unsigned := randomScope(r)
		config.Unsigned = &unsigned
	}
	p, err := New(config, profiles(), Requesters{Requesters: []Requester{{Name: "me", Key: authorized, Scope: scope}}})
	if err != nil {
		t.Fatal(err)
	}
	return p, scope
}

// TestIssuedInsideScope: for any policy, scope and request, what is issued without a person lies inside profile and
// scope in every part, and nothing of the CSR but its key, its names and a generic common name is in the plan.
func TestIssuedInsideScope(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	mine, authorized := identity(t, 1)
	stranger, _ := identity(t, 2)
	var keys []crypto.Signer
	for _, kind := range []pki.KeyType{pki.ECDSAP256, pki.Ed25519, pki.ECDSAP384} {
		key, err := kind.Generate()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key)
	}
	issued := map[string]int{}
	var req *request.Request
	for i := range 16000 {
		if i%8 == 0 { // making a request costs more than judging it under eight policies
			req = randomRequest(t, r, keys, []ssh.Signer{mine, stranger})
		}
		p, scope := randomPolicy(t, r, authorized)
		d := p.Decide(Input{Request: req, Trusts: []string{trust}, Now: noon})
		grant, ok := d.Issued()
		if ok != (d.Outcome == refusal.Issue) || ok && len(d.Refusals) > 0 {
			t.Fatalf("outcome %s with a grant: %v, refusals %v", d.Outcome, ok, d.Refusals)
		}
		if !ok {
			continue
		}
		switch {
		case req.Signature != nil && req.Signature.Fingerprint() == ssh.FingerprintSHA256(mine.PublicKey()):
		case p.config.Unsigned != nil:
			scope = *p.config.Unsigned
		default:
			t.Fatalf("issued to nobody: %+v", grant.Plan())
		}
		issued[grant.Plan().Profile]++
		if err := inside(p, scope, req, grant.Plan()); err != nil {
			t.Fatalf("%v\nplan %+v\nscope %+v\nrequest %v %v", err, grant.Plan(), scope, req.CSR.Subject,
				req.CSR.Names.Strings())
		}
	}
	for _, name := range []string{"kube-apiserver", "etcd-server", "kubelet", "kube-scheduler", "server", "client",
		"peer", "user"} {
		if issued[name] == 0 {
			t.Errorf("no request for %s was issued: the test says nothing of it", name)
		}
	}
	t.Logf("issued %v", issued)
}

// FuzzEntry looks for a way from bytes to a certificate without the requester or a person. There is one enrolled
// requester, who signed one request; whatever else is issued was signed by nobody.
func FuzzEntry(f *testing.F) {
	signer, authorized := identity(f, 1)
	scope := Scope{Profiles: []string{"kube-apiserver", "kube-scheduler", "server", "client", "kubelet"},
		Nodes: []string{"**"}, DNS: []string{"**"}, IPs: []string{"0.0.0.0/0", "::/0"}}
	p, err := New(Config{APIVersion: apiVersion, Kind: "Policy", Certificates: Certificates{Days: 1, MaxDays: 1}},
		profiles(), Requesters{Requesters: []Requester{{Name: "me", Key: authorized, Scope: scope}}})
	if err != nil {
		f.Fatal(err)
	}
	original := fuzzSeed(f, signer)
	known, _ := request.Parse(original, nil)
	if d := p.Decide(Input{Request: known, Trusts: []string{trust}, Now: noon}); d.Outcome != refusal.Issue {
		f.Fatalf("the original is not issued: %v", d.Refusals)
	}
	f.Add(original)
	f.Add(request.Encode(nil, known.CSR.Raw))
	f.Add(request.Encode(known.Cover, known.CSR.Raw))
	f.Fuzz(func(t *testing.T, entry []byte) {
		req, found := request.Parse(entry, nil)
		if req == nil {
			if refusal.Worst(found) != refusal.Deny {
				t.Fatalf("no request, and no denial: %v", found)
			}
			return
		}
		if d := p.Decide(Input{Request: req, Found: found, Trusts: []string{trust},
			Now: noon}); d.Outcome == refusal.Issue && req.ID != known.ID {
			t.Fatalf("issued %+v for %q", d.plan, entry)
		}
	})
}

// fuzzSeed is the same request every time: Ed25519 signs without randomness.
func fuzzSeed(f *testing.F, signer ssh.Signer) []byte {
	f.Helper()
	key := ed25519.NewKeyFromSeed(slices.Repeat([]byte{3}, 32))
	csr, err := request.Create(key, "www.example", nil, pki.Names{DNS: []string{"www.example"}})
	if err != nil {
		f.Fatal(err)
	}
	cover := &request.Cover{Profile: "server", Requester: "me", Trust: trust, Created: noon,
		Expires: noon.Add(time.Hour), Nonce: strings.Repeat("0", 32)}
	entry, err := request.Sign(request.Encode(cover, csr), signer)
	if err != nil {
		f.Fatal(err)
	}
	return entry
}

// TestEmptyPattern: a pattern without a character grants nothing, and is a mistake.
func TestEmptyPattern(t *testing.T) {
	for _, check := range []func(string) error{checkGlob, checkUserGlob} {
		if err := check(""); err == nil || err.Error() != "an empty pattern" {
			t.Errorf("got %v", err)
		}
	}
}

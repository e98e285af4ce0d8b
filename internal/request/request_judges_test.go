package request_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"

	"golang.org/x/crypto/ssh"
)

// run runs a tool that judges, or skips the test where it is not installed.
func run(t *testing.T, stdin []byte, name string, args ...string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Skipf("%s is not installed", name)
	}
	cmd := exec.CommandContext(t.Context(), path, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func write(t *testing.T, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// openssl reads what is written here: with a cover above and a signature below the CSR.
func TestOpensslReadsRequest(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	names := pki.Names{DNS: []string{"cp1", "kubernetes"},
		IPs: []netip.Addr{netip.MustParseAddr("192.0.2.10"), netip.MustParseAddr("2001:db8::1")}}
	der, err := request.Create(key, "kube-apiserver", []string{"kubeadm:cluster-admins"}, names)
	if err != nil {
		t.Fatal(err)
	}
	entry, err := request.Sign(request.Encode(newCover(), der), newIdentity(t))
	if err != nil {
		t.Fatal(err)
	}
	file := write(t, t.TempDir(), "r.csr", entry)
	out := run(t, nil, "openssl", "req", "-in", file, "-verify", "-noout", "-text", "-subject")
	for _, want := range []string{
		"verify OK", "Version: 1 (0x0)", "O = kubeadm:cluster-admins, CN = kube-apiserver",
		"DNS:cp1, DNS:kubernetes, IP Address:192.0.2.10, IP Address:2001:DB8:0:0:0:0:0:1",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}

// requested is what openssl req is asked for, and the codes that reading its request must find.
type requested struct {
	args []string
	want []refusal.Code
}

// TestReadsOpensslKeys: a key that openssl req makes is read, or refused with the code that says why.
func TestReadsOpensslKeys(t *testing.T) {
	newKey := func(kind string, more ...string) []string {
		return append([]string{"-newkey", kind, "-keyout", os.DevNull, "-subj", "/CN=server"}, more...)
	}
	curve := func(name string, more ...string) []string {
		return newKey("ec", append([]string{"-pkeyopt", "ec_paramgen_curve:" + name}, more...)...)
	}
	for name, r := range map[string]requested{
		"rsa 3072": {newKey("rsa:3072"), nil},
		"rsa 1024": {newKey("rsa:1024"),
			[]refusal.Code{refusal.KeyUnsupported}},
		"rsa exponent 3": {newKey("rsa:2048", "-pkeyopt", "rsa_keygen_pubexp:3"), []refusal.Code{refusal.KeyWeak}},
		"p256":           {curve("P-256"), nil},
		"p384 sha384":    {curve("P-384", "-sha384"), nil},
		"p521 sha512":    {curve("P-521", "-sha512"), nil},
		"ed25519":        {newKey("ed25519"), nil},
		"ed448": {newKey("ed448"),
			[]refusal.Code{refusal.CSRAlgorithm, refusal.KeyUnsupported}},
		"p224":           {curve("P-224"), []refusal.Code{refusal.KeyUnsupported}},
		"k1":             {curve("secp256k1"), []refusal.Code{refusal.KeyUnsupported}},
		"brainpool":      {curve("brainpoolP256r1"), []refusal.Code{refusal.KeyUnsupported}},
		"explicit curve": {curve("P-256", "-pkeyopt", "ec_param_enc:explicit"), []refusal.Code{refusal.KeyUnsupported}},
	} {
		t.Run(name, func(t *testing.T) { r.check(t) })
	}
}

// TestReadsOpensslRequest: what openssl req writes is read, or refused with the code that says why. All are for one
// key.
func TestReadsOpensslRequest(t *testing.T) {
	key := filepath.Join(t.TempDir(), "k.pem")
	run(t, nil, "openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out", key)
	server := func(more ...string) []string { return append([]string{"-subj", "/CN=server"}, more...) }
	for name, r := range map[string]requested{
		"the document's": {server(), nil},
		"names": {server("-addext",
			"subjectAltName=DNS:server,DNS:*.a.example,IP:192.0.2.1,IP:::1,email:a@b.example,URI:https://a.example/"),
			nil},
		"critical names": {server("-addext", "subjectAltName=critical,DNS:server"), nil},
		"usages": {server("-addext", "keyUsage=critical,digitalSignature,keyEncipherment", "-addext",
			"extendedKeyUsage=serverAuth,clientAuth", "-addext", "basicConstraints=CA:FALSE"), nil},
		"text above":    {server("-text"), nil},
		"new label":     {server("-newhdr"), nil},
		"multi-valued":  {[]string{"-subj", "/CN=server+O=a+O=b/OU=c", "-multivalue-rdn"}, nil},
		"utf8":          {[]string{"-utf8", "-subj", "/C=DE/O=Käse/CN=server"}, nil},
		"no subject":    {[]string{"-subj", "/", "-addext", "subjectAltName=DNS:server"}, nil},
		"nothing named": {[]string{"-subj", "/"}, []refusal.Code{refusal.SubjectMalformed}},
		"sha1":          {server("-sha1"), []refusal.Code{refusal.CSRAlgorithm}},
		"md5":           {server("-md5"), []refusal.Code{refusal.CSRAlgorithm}},
		"pss":           {server("-sigopt", "rsa_padding_mode:pss"), nil},
		"pss sha384": {server("-sha384", "-sigopt", "rsa_padding_mode:pss", "-sigopt",
			"rsa_pss_saltlen:48"), nil},
		"pss sha1": {server("-sha1", "-sigopt", "rsa_padding_mode:pss"),
			[]refusal.Code{refusal.CSRAlgorithm}},
		"der": {server("-outform", "DER"), nil},
		"private extension": {server("-addext", "1.2.3.4=ASN1:UTF8String:x"),
			[]refusal.Code{refusal.ExtensionForeign}},
		"authority": {server("-addext", "basicConstraints=critical,CA:TRUE", "-addext",
			"keyUsage=keyCertSign,cRLSign"),
			[]refusal.Code{refusal.Authority}},
		"authority without usage": {server("-addext", "basicConstraints=critical,CA:TRUE"),
			[]refusal.Code{refusal.ExtensionDangerous}},
		"key id": {server("-addext", "subjectKeyIdentifier=hash"),
			[]refusal.Code{refusal.ExtensionForeign}},
		"must staple": {server("-addext", "tlsfeature=status_request"),
			[]refusal.Code{refusal.ExtensionForeign}},
		"other name": {server("-addext", "subjectAltName=otherName:msUPN;UTF8:admin@corp"),
			[]refusal.Code{refusal.NameKind}},
		"directory name": {server("-addext", "subjectAltName=RID:1.2.3.4"), []refusal.Code{refusal.NameKind}},
		"0.0.0.0": {server("-addext", "subjectAltName=DNS:server,IP:0.0.0.0"),
			[]refusal.Code{refusal.NameIP}},
		"several": {server("-addext", "subjectAltName=DNS:a_b,DNS:*,IP:224.0.0.1", "-addext",
			"basicConstraints=CA:TRUE", "-sha1"),
			[]refusal.Code{refusal.CSRAlgorithm, refusal.NameDNS, refusal.NameDNS, refusal.NameIP,
				refusal.ExtensionDangerous}},
	} {
		r.args = append(r.args, "-key", key)
		t.Run(name, func(t *testing.T) { r.check(t) })
	}
}

func (r requested) check(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	// Outside of any openssl.cnf, whose defaults would come on top.
	config := write(t, dir, "empty.cnf", []byte("[req]\ndistinguished_name = dn\n[dn]\n"))
	file := filepath.Join(dir, "r.csr")
	run(t, nil, "openssl", append([]string{"req", "-new", "-nodes", "-config", config, "-out", file}, r.args...)...)
	entry, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, refusals := request.Parse(entry, nil)
	if got := codes(refusals); !slices.Equal(got, r.want) {
		t.Errorf("%v, not %v: %v", got, r.want, refusals)
	}
}

// ssh-keygen -Y verify accepts what SignRequest writes; ParseRequest accepts what ssh-keygen -Y sign writes.
func TestSSHKeygenIsAPeer(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := request.Create(key, "web", nil, pki.Names{DNS: []string{"web.example"}})
	if err != nil {
		t.Fatal(err)
	}
	unsigned := request.Encode(newCover(), der)
	for _, kind := range [][]string{{"ed25519"}, {"ecdsa", "-b", "256"}, {"ecdsa", "-b", "521"},
		{"rsa", "-b", "2048"}} {
		t.Run(strings.Join(kind, ""), func(t *testing.T) {
			dir := t.TempDir()
			identity := filepath.Join(dir, "identity")
			run(t, nil, "ssh-keygen", append([]string{"-q", "-N", "", "-C", "", "-f", identity, "-t"}, kind...)...)
			private, err := os.ReadFile(identity)
			if err != nil {
				t.Fatal(err)
			}
			signer, err := ssh.ParsePrivateKey(private)
			if err != nil {
				t.Fatal(err)
			}

			ours, err := request.Sign(unsigned, signer)
			if err != nil {
				t.Fatal(err)
			}
			allowed := write(t, dir, "allowed", append([]byte("cp1-admin "),
				ssh.MarshalAuthorizedKey(signer.PublicKey())...))
			signature := write(t, dir, "ours.sig", ours[len(unsigned):])
			run(t, unsigned, "ssh-keygen", "-Y", "verify", "-f", allowed, "-I", "cp1-admin", "-n",
				"ca-exchange-request", "-s", signature)

			for _, hash := range []string{"sha256", "sha512"} {
				theirs := run(t, unsigned, "ssh-keygen", "-Y", "sign", "-O", "hashalg="+hash, "-f", identity, "-n",
					"ca-exchange-request")
				theirs = theirs[strings.Index(theirs, "-----BEGIN"):]
				r, refusals := request.Parse(append(bytes.Clone(unsigned), theirs...), nil)
				if r == nil || r.Unsigned() || r.Signature.Fingerprint() != ssh.FingerprintSHA256(signer.PublicKey()) {
					t.Errorf("%s: %+v, %v", hash, r, refusals)
				}
			}
		})
	}
}

// Every key that ssh-keygen and openssl make is recognised as private, and named by its public half.
func TestPrivateKeyFingerprints(t *testing.T) {
	for name, args := range map[string][]string{
		"openssl rsa":       {"openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048", "-out"},
		"openssl ec":        {"openssl", "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out"},
		"openssl ec params": {"openssl", "ecparam", "-name", "prime256v1", "-genkey", "-out"},
		"openssl ed25519":   {"openssl", "genpkey", "-algorithm", "ed25519", "-out"},
		"openssl pkcs1":     {"openssl", "genrsa", "-traditional", "-out"},
		"ssh ed25519":       {"ssh-keygen", "-q", "-N", "", "-t", "ed25519", "-f"},
		"ssh rsa":           {"ssh-keygen", "-q", "-N", "", "-t", "rsa", "-b", "2048", "-f"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			file := filepath.Join(dir, "key")
			run(t, nil, args[0], append(args[1:], file)...)
			entry, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			r, refusals := request.Parse(entry, nil)
			if r != nil || len(refusals) != 1 || refusals[0].Code != refusal.EntryPrivateKey ||
				refusals[0].Asked != "" {
				t.Errorf("%v", refusals)
			}
			found := request.PrivateKeyFingerprints(entry)
			if len(found) != 1 {
				t.Fatalf("%d fingerprints", len(found))
			}
			if args[0] == "openssl" {
				der := run(t, nil, "openssl", "pkey", "-in", file, "-pubout", "-outform", "DER")
				if sum := run(t, []byte(der), "openssl", "dgst", "-sha256", "-r"); !strings.HasPrefix(sum, found[0]) {
					t.Errorf("%s, openssl says %s", found[0], sum)
				}
			}
		})
	}
	for name, args := range map[string][]string{
		"encrypted pkcs8": {"openssl", "genpkey", "-algorithm", "ed25519", "-aes128", "-pass", "pass:x", "-out"},
		"encrypted ssh":   {"ssh-keygen", "-q", "-N", "secret", "-t", "ed25519", "-f"},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "key")
			run(t, nil, args[0], append(args[1:], file)...)
			entry, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, refusals := request.Parse(entry, nil)
			if got := codes(refusals); !slices.Equal(got, []refusal.Code{refusal.EntryPrivateKey}) ||
				len(request.PrivateKeyFingerprints(entry)) != 0 {
				t.Errorf("%v", refusals)
			}
		})
	}
}

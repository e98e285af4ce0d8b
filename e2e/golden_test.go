package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// goldenFiles are the certificates of a control plane, and one of each profile that it has none of.
var goldenFiles = strings.Fields(`pki/apiserver.crt pki/rsa.crt
	pki/apiserver-kubelet-client.crt pki/apiserver-etcd-client.crt pki/front-proxy-client.crt
	pki/etcd/server.crt pki/etcd/peer.crt pki/etcd/healthcheck-client.crt
	admin.conf super-admin.conf controller-manager.conf scheduler.conf
	kube-proxy.conf kubelet.conf kubelet/pki/kubelet.crt pki/www.example.crt pki/prometheus.crt`)

// TestGoldenCertificates holds one certificate of each profile, as openssl reads it, against the page in testdata: what
// differs from certificate to certificate (serial, dates, keys, signature) is left out.
func TestGoldenCertificates(t *testing.T) {
	long(t)
	t.Parallel()
	needs(t, "openssl")
	dir, path := t.TempDir(), build(t)+string(filepath.ListSeparator)+os.Getenv("PATH")
	shell(t, dir, path, "cp '"+absolute(t, "testdata/kubeadm.yaml")+"' .\nset -e\n"+goodHost+`
component-admin -q --dir k request kube-proxy --config kubeadm.yaml --key-type ECDSA-P256
component-admin -q --dir k request server --dns www.example --key-type ECDSA-P256
component-admin -q --dir k request server --dns rsa --key-type RSA-2048
component-admin -q --dir k request client --common-name prometheus --key-type ECDSA-P256
ca-admin sync -q || [ $? = 3 ]
ids=$(ca-admin pending -o json | sed -n 's/.*"id": "\(.*\)".*/\1/p')
[ -z "$ids" ] || ca-admin approve -q --yes $ids
component-admin -q --dir k sync`, 0)
	var page strings.Builder
	for _, file := range goldenFiles {
		text := shell(t, filepath.Join(dir, "k"), path, `set -e
case `+file+` in *.conf) sed -n 's/.*client-certificate-data: //p' `+file+` | base64 -d;; *) cat `+file+`;; esac |
openssl x509 -noout -text -nameopt RFC2253 -certopt no_serial,no_validity,no_pubkey,no_sigdump,no_header`, 0)
		page.WriteString(file + "\n" + withoutKeyIDs(text) + "\n")
	}
	const golden = "testdata/certificates.golden"
	have, err := os.ReadFile(golden)
	switch {
	case *update:
		must(t, os.WriteFile(golden, []byte(page.String()), 0o644))
	case err != nil || string(have) != page.String():
		t.Errorf("%s (%v): go test ./e2e -run TestGoldenCertificates -update, if this is meant:\n%s", golden, err,
			page.String())
	}
}

var keyID = regexp.MustCompile(`(keyid:)?([0-9A-F]{2}:){15,}[0-9A-F]{2}`)

// withoutKeyIDs leaves out key identifiers, and white space, which releases of openssl write differently.
func withoutKeyIDs(text string) string {
	var b strings.Builder
	for line := range strings.Lines(keyID.ReplaceAllString(text, "KEYID")) {
		b.WriteString("  " + strings.TrimSpace(line) + "\n")
	}
	return b.String()
}

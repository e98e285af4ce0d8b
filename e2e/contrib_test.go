package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// fakes are programs of a test, alone on PATH beside the system's own; each appends its arguments to the file calls.
func fakes(t *testing.T, programs map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, body := range programs {
		text := "#!/bin/sh\necho \"" + name + " $*\" >>" + dir + "/calls\n" + body + "\n"
		must(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o755))
	}
	return dir
}

func calls(t *testing.T, dir string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "calls"))
	must(t, err)
	return string(b)
}

// crictl is a container runtime with one container, whose id changes when it is stopped.
const crictl = `case $1 in
ps) cat $(dirname "$0")/container 2>/dev/null || true ;;
stop) [ ! -e $(dirname "$0")/dead ] && echo new >$(dirname "$0")/container || rm -f $(dirname "$0")/container ;;
esac`

func TestHookRestartStaticPod(t *testing.T) {
	long(t)
	hook := absolute(t, "../contrib/hooks/restart-static-pod")
	for _, c := range []struct {
		name, prepare string
		status        int
		want, calls   string
	}{
		{"restarts", "echo old >container", 0, "kube-scheduler was restarted\n", "crictl ps --quiet --state Running " +
			"--name ^kube-scheduler$\ncrictl stop --timeout 30 old\ncrictl ps --quiet --state Running " +
			"--name ^kube-scheduler$\ncurl --silent --fail --insecure --max-time 2 https://127.0.0.1:10259/healthz\n"},
		{"does not run here", "true", 0, "kube-scheduler does not run on this host: nothing to restart\n",
			"crictl ps --quiet --state Running --name ^kube-scheduler$\n"},
		{"does not come back", "echo old >container; touch dead", 1, "", "crictl stop --timeout 30 old\n"},
		{"comes back ill", "echo old >container; touch ill", 1, "", "healthz\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := fakes(t, map[string]string{"crictl": crictl, "curl": `test ! -e $(dirname "$0")/ill`})
			shell(t, dir, os.Getenv("PATH"), c.prepare, 0)
			path := dir + ":" + os.Getenv("PATH")
			if out := shell(t, dir, path, "WAIT=1 "+hook+" kube-scheduler", c.status); out != c.want {
				t.Errorf("%q", out)
			}
			if got := calls(t, dir); !strings.Contains(got, c.calls) {
				t.Errorf("%q", got)
			}
		})
	}
}

func TestHookSystemdRestart(t *testing.T) {
	hook := absolute(t, "../contrib/hooks/systemd-restart")
	dir := fakes(t, map[string]string{"systemctl": `case "$*" in
"is-active --quiet stopped") exit 3 ;;
"is-active --quiet breaks") [ ! -e $(dirname "$0")/broken ] ;;
"restart breaks") touch $(dirname "$0")/broken ;;
esac`})
	path := dir + ":" + os.Getenv("PATH")
	out := shell(t, dir, path, hook+" kubelet stopped", 0)
	if out != "kubelet was restarted\nstopped is not active: left alone\n" {
		t.Errorf("%q", out)
	}
	if got := calls(t, dir); strings.Contains(got, "restart stopped") || strings.Count(got, "restart kubelet") != 1 {
		t.Errorf("%q", got)
	}
	shell(t, dir, path, hook+" breaks", 1)
	shell(t, dir, path, hook, 2)
}

func TestHookNginxReload(t *testing.T) {
	hook := absolute(t, "../contrib/hooks/nginx-reload")
	dir := fakes(t, map[string]string{"nginx": `test ! -e $(dirname "$0")/wrong`, "systemctl": "true"})
	path := dir + ":" + os.Getenv("PATH")
	if out := shell(t, dir, path, hook, 0); out != "nginx was reloaded\n" {
		t.Errorf("%q", out)
	}
	must(t, os.WriteFile(filepath.Join(dir, "wrong"), nil, 0o644))
	shell(t, dir, path, hook, 1)
	if got := calls(t, dir); got != "nginx -t -q\nsystemctl reload nginx\nnginx -t -q\n" {
		t.Errorf("%q", got)
	}
}

// order is what ca-admin writes to a signer program; the digest is that of nothing.
const order = `{"issuer":"ca","algorithm":"ECDSA-SHA384",` +
	`"digest":"OLBgp1GsljhM2TJ+sbHjaiH9txEUvgdDTAzHv2P24donTt6/529l+9Ua0vFImLlb"}`

// TestSignerPKCS11: what the signer program for tokens refuses before it asks a token. test/signers.sh has it sign.
func TestSignerPKCS11(t *testing.T) {
	signer := absolute(t, "../contrib/signers/sign-pkcs11")
	dir := fakes(t, map[string]string{"pkcs11-tool": "echo CKR_PIN_INCORRECT >&2; exit 1"})
	path := dir + ":" + os.Getenv("PATH")
	must(t, os.WriteFile(filepath.Join(dir, "pin"), []byte("1234"), 0o600))
	sign := func(order, arguments string, status int) string {
		t.Helper()
		return shell(t, dir, path, "echo '"+order+"' | "+signer+" "+arguments+" 2>&1", status)
	}
	if out := sign(order, "module ca 01", 2); !strings.Contains(out, "usage: sign-pkcs11 MODULE TOKEN ID PIN-FILE") {
		t.Errorf("%q", out)
	}
	if out := sign(order, "module ca 01 pin", 1); out != "CKR_PIN_INCORRECT\n" {
		t.Errorf("%q", out)
	}
	want := "pkcs11-tool --module module --token-label ca --login --pin env:PIN --sign --mechanism ECDSA --id 01 "
	if got := calls(t, dir); !strings.HasPrefix(got, want) || strings.Contains(got, "1234") {
		t.Errorf("%q", got)
	}
	if out := sign(`{"algorithm":"Ed25519"}`, "module ca 01 pin", 1); out != "cannot sign with \"Ed25519\"\n" {
		t.Errorf("%q", out)
	}
	must(t, os.Chmod(filepath.Join(dir, "pin"), 0o640))
	if out := sign(order, "module ca 01 pin", 1); out != "others may read pin: chmod 600 pin\n" {
		t.Errorf("%q", out)
	}
}

// TestSignerAWS: the example for a cloud's key service passes the digest on, and the signature back.
func TestSignerAWS(t *testing.T) {
	signer := absolute(t, "../contrib/signers/sign-aws-kms")
	dir := fakes(t, map[string]string{"aws": `for word; do
	case $word in fileb://*) wc -c <"${word#fileb://}" >&2 ;; esac
done
echo c2lnbmF0dXJl`})
	path := dir + ":" + os.Getenv("PATH")
	out := shell(t, dir, path, "echo '"+order+"' | "+signer+" alias/ca 2>&1", 0)
	if out != "48\nc2lnbmF0dXJl\n" {
		t.Errorf("%q", out)
	}
	got := calls(t, dir)
	if !strings.HasPrefix(got, "aws kms sign --key-id alias/ca --message-type DIGEST --message fileb://") ||
		!strings.Contains(got, "--signing-algorithm ECDSA_SHA_384 --query Signature --output text") {
		t.Errorf("%q", got)
	}
	shell(t, dir, path, signer, 2)
}

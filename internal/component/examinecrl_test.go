package component

import (
	"crypto/x509"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

// etcdYAML is kubeadm's static pod of etcd, with the host's own paths; FLAGS are more lines of its command.
const etcdYAML = `apiVersion: v1
kind: Pod
metadata: {name: etcd, namespace: kube-system}
spec:
  containers:
  - command:
    - etcd
    - --trusted-ca-file=/etc/kubernetes/pki/etcd/ca.crt
FLAGS    image: registry.k8s.io/etcd:VERSION
    name: etcd
    volumeMounts:
    - {mountPath: /var/lib/etcd, name: etcd-data}
    - {mountPath: /etc/kubernetes/pki/etcd, name: etcd-certs}
  volumes:
  - {hostPath: {path: /etc/kubernetes/pki/etcd, type: DirectoryOrCreate}, name: etcd-certs}
  - {hostPath: {path: /var/lib/etcd, type: DirectoryOrCreate}, name: etcd-data}
`

// runEtcd writes the static pod.
func (h *testHost) runEtcd(version string, flags ...string) {
	h.t.Helper()
	lines := ""
	for _, f := range flags {
		lines += "    - --" + f + "\n"
	}
	h.write(etcdManifest, []byte(strings.NewReplacer("VERSION", version, "FLAGS", lines).Replace(etcdYAML)), 0o600)
}

// putCRL signs a CRL of an issuer and writes it in both forms.
func (h *testHost) putCRL(issuer, file string, change ...func(*x509.RevocationList)) {
	h.t.Helper()
	i := h.issuers[issuer]
	raw := authority{i.certificate, i.key}.crl(h.t, 1, clock.AddDate(0, 0, -1), change...)
	h.write(file, raw, 0o644)
	h.write(file+".pem", pki.EncodeCRL(raw), 0o644)
}

const (
	crlInPod  = "client-crl-file=/etc/kubernetes/pki/etcd/ca.crl"
	peerInPod = "peer-crl-file=/etc/kubernetes/pki/etcd/ca.crl"
	ownCRL    = "pki/etcd/ca.crl"
	nextCRL   = "\n  fix: component-admin --dir DIR sync; where the exchange has none, the CA admin signs one first: " +
		"ca-admin crl etcd-ca"
)

// crlFindings are hosts with one thing wrong about CRLs, and what the doctor finds there.
var crlFindings = []struct {
	name  string
	spoil func(h *testHost)
	want  string
}{
	{"in order", func(h *testHost) { h.putCRL("etcd-ca", ownCRL); h.runEtcd("3.7.0-0", crlInPod, peerInPod) }, ""},
	{"no CRLs at all", func(h *testHost) { h.runEtcd("3.7.0-0") }, ""},
	{"etcd does not read it", func(h *testHost) { h.putCRL("etcd-ca", ownCRL); h.runEtcd("3.7.0-0", crlInPod) },
		"Advice DIR/manifests/etcd.yaml: etcd lacks --peer-crl-file: it does not read DIR/pki/etcd/ca.crl there, and " +
			"serves those whose certificates were revoked\n  fix: sed -i " +
			`'s#^\( *\)- etcd$#&\n\1- --peer-crl-file=/etc/kubernetes/pki/etcd/ca.crl#' DIR/manifests/etcd.yaml`},
	{"missing", func(h *testHost) { h.runEtcd("3.7.0-0", crlInPod, peerInPod) },
		"Wrong DIR/pki/etcd/ca.crl: the file is missing: etcd reads it (--client-crl-file), and refuses every client" +
			nextCRL},
	{"PEM named", func(h *testHost) {
		h.putCRL("etcd-ca", ownCRL)
		h.runEtcd("3.6.0-0", crlInPod+".pem", peerInPod)
	}, "Wrong DIR/manifests/etcd.yaml: --client-crl-file names /etc/kubernetes/pki/etcd/ca.crl.pem, which is in PEM: " +
		"etcd 3.6 and newer read DER alone, and refuse every client\n  fix: sed -i " +
		`'s#=/etc/kubernetes/pki/etcd/ca.crl.pem$#=/etc/kubernetes/pki/etcd/ca.crl#' DIR/manifests/etcd.yaml`},
	{"PEM named, and read by this etcd", func(h *testHost) {
		h.putCRL("etcd-ca", ownCRL)
		h.runEtcd("3.5.32-0", crlInPod+".pem", peerInPod)
	}, "Advice DIR/manifests/etcd.yaml: --client-crl-file names /etc/kubernetes/pki/etcd/ca.crl.pem, which is in " +
		"PEM: etcd 3.6 and newer read DER alone, and refuse every client\n  fix: sed -i " +
		`'s#=/etc/kubernetes/pki/etcd/ca.crl.pem$#=/etc/kubernetes/pki/etcd/ca.crl#' DIR/manifests/etcd.yaml`},
	{"PEM in the file", func(h *testHost) {
		h.putCRL("etcd-ca", ownCRL)
		h.write(ownCRL, h.read(ownCRL+".pem"), 0o644)
	}, "Wrong DIR/pki/etcd/ca.crl: it is in PEM: etcd 3.6 and newer read DER alone, and refuse every client with it" +
		"\n  fix: openssl crl -in DIR/pki/etcd/ca.crl -outform DER -out DIR/pki/etcd/ca.crl"},
	{"outside of the container", func(h *testHost) {
		h.putCRL("etcd-ca", ownCRL)
		h.runEtcd("3.7.0-0", "client-crl-file=/etc/kubernetes/pki/ca.crl", peerInPod)
	}, "Wrong DIR/manifests/etcd.yaml: --client-crl-file names /etc/kubernetes/pki/ca.crl, which no volume brings " +
		"into the container: etcd refuses every client\n  fix: sed -i " +
		`'s#=/etc/kubernetes/pki/ca.crl$#=/etc/kubernetes/pki/etcd/ca.crl#' DIR/manifests/etcd.yaml`},
	{"broken", func(h *testHost) { h.write(ownCRL, []byte("x"), 0o644) },
		"Wrong DIR/pki/etcd/ca.crl: cannot read it: not the DER of a CRL: etcd refuses every client with it" + nextCRL},
	{"of another issuer", func(h *testHost) { h.putCRL("ca", ownCRL) },
		`Wrong DIR/pki/etcd/ca.crl: the CRL is of "CN=kubernetes", expected "CN=etcd-ca": it revokes no certificate ` +
			"of this CA\n  fix: mv DIR/pki/etcd/ca.crl DIR/pki/etcd/ca.crl.other && component-admin --dir DIR sync"},
	{"signed by another CA of that name", func(h *testHost) {
		raw := newAuthority(h.t, "etcd-ca", clock).crl(h.t, 1, clock)
		h.write("elsewhere.crl", raw, 0o644)
		h.runEtcd("3.7.0-0", "client-crl-file=/etc/kubernetes/pki/etcd/other.crl", peerInPod)
		h.write("pki/etcd/other.crl", raw, 0o644)
		h.putCRL("etcd-ca", ownCRL)
	}, `Wrong DIR/pki/etcd/other.crl: issuer "etcd-ca" did not sign the CRL: x509: ECDSA verification failure: it ` +
		"revokes no certificate of this CA\n  fix: mv DIR/pki/etcd/other.crl DIR/pki/etcd/other.crl.other && " +
		"component-admin --dir DIR sync"},
	{"ended", func(h *testHost) {
		h.putCRL("ca", "pki/ca.crl", func(l *x509.RevocationList) { l.NextUpdate = l.ThisUpdate.Add(time.Hour) })
	}, "Expiring DIR/pki/ca.crl: it ended at 2026-05-31T13:00:00Z: OpenVPN and nginx refuse every client with it, " +
		"and etcd does not know what was revoked since" + strings.Replace(nextCRL, "etcd-ca", "ca", 1)},
	{"due", func(h *testHost) {
		h.putCRL("etcd-ca", ownCRL, func(l *x509.RevocationList) { l.ThisUpdate = clock.AddDate(0, 0, -60) })
	}, "Expiring DIR/pki/etcd/ca.crl: it ends at 2026-06-30T12:00:00Z, and the next one should be there since " +
		"2026-05-31T20:00:00Z" + nextCRL},
	{"not a manifest", func(h *testHost) { h.write(etcdManifest, []byte("spec: {}"), 0o600) },
		"Advice DIR/manifests/etcd.yaml: cannot determine which CRLs etcd reads: no container runs etcd" +
			"\n  fix: kubeadm init phase etcd local --dry-run"},
}

func TestDoctorOfCRLs(t *testing.T) {
	for _, f := range crlFindings {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			h := hostOf(t, clusterFile)
			h.setUp()
			f.spoil(h)
			if got := h.examine(); got != f.want {
				t.Errorf("got\n%s\nwant\n%s", got, f.want)
			}
			h.mend()
		})
	}
}

// mend runs the fixes that need nobody else, and wants nothing to be left.
func (h *testHost) mend() {
	h.t.Helper()
	report, err := h.Examine()
	must(h.t, err)
	for _, f := range report.Findings {
		if !strings.HasPrefix(f.Fix, "sed ") && !strings.HasPrefix(f.Fix, "openssl ") {
			return
		}
		if out, err := exec.Command("sh", "-c", f.Fix).CombinedOutput(); err != nil {
			h.t.Errorf("%s: %v: %s", f.Fix, err, out)
		}
	}
	if got := h.examine(); got != "" {
		h.t.Errorf("after its own fixes:\n%s", got)
	}
}

// TestDoctorOfOldEtcd: which versions ignore a CRL on gRPC where HTTP has a port of its own.
func TestDoctorOfOldEtcd(t *testing.T) {
	h := hostOf(t, clusterFile)
	h.putCRL("etcd-ca", ownCRL)
	for version, want := range map[string]string{
		"3.4.23-0": Wrong, "3.5.31-0": Wrong, "3.5.32-0": "", "3.6.0-0": Wrong, "3.6.12-0": Wrong, "3.6.13-0": "",
		"3.7.0-0": "", "latest": Advice,
	} {
		for _, flags := range [][]string{
			{crlInPod, peerInPod, "listen-client-http-urls=https://127.0.0.1:2382"}, {crlInPod, peerInPod},
		} {
			h.runEtcd(version, flags...)
			report, err := h.Examine()
			must(t, err)
			got := ""
			for _, f := range report.Findings {
				if strings.Contains(f.Problem, "ignores the CRL on gRPC") {
					got = f.Severity
				}
				manifest := filepath.Join(h.Path, etcdManifest)
				if f.File == manifest && f.Fix != "sed -i /--listen-client-http-urls/d "+manifest {
					t.Errorf("etcd %s: %s", version, f.Fix)
				}
			}
			if len(flags) == 2 && got != "" || len(flags) == 3 && got != want {
				t.Errorf("etcd %s with %d flags: %q, not %q", version, len(flags), got, want)
			}
		}
	}
}

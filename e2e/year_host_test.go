package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
)

// joining is the configuration of a worker whose address only a flag names.
const joining = `apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
nodeRegistration: {name: w4}
discovery: {bootstrapToken: {apiServerEndpoint: "api.example:6443", token: "abcdef.0123456789abcdef"}}
`

// fixLine is a command of the doctor.
var fixLine = regexp.MustCompile(`(?m)^  fix: (component-admin .*)$`)

// TestDoctorRenews: a host whose certificates end is never called good, nor told to join; the doctor's one command
// renews them without losing a name, whichever flag brought it, and while it waits the doctor says so.
func TestDoctorRenews(t *testing.T) {
	long(t)
	t.Parallel()
	x := newStepped(t)
	must(t, os.WriteFile(filepath.Join(x.dir, "join.yaml"), []byte(joining), 0o600))
	x.ca(0, "init", "--key-type", "ECDSA-P256", "--config", absolute(t, "testdata/kubeadm.yaml"))
	x.run(0, "component-admin", "init", "--name", "w4", "--trust", x.trust())
	x.ca(0, "enroll", "w4", "--key", "component/component-admin/identity.pub", "--worker", "--ip", "192.0.2.24")
	x.says(0, "component-admin request worker --config join.yaml --ip 192.0.2.24 --key-type ECDSA-P256")
	x.ca(0, "sync", "-q")
	x.says(0, "component-admin sync", "installed kubelet.conf")

	x.step(340)
	out := x.says(6, "component-admin doctor --config join.yaml",
		"certificates expire within 30 days; nothing else is wrong")
	if strings.Contains(out, "nothing is wrong") || strings.Contains(out, "kubeadm join") {
		t.Errorf("doctor says %s", out)
	}
	fixes := map[string]bool{}
	for _, fix := range fixLine.FindAllStringSubmatch(out, -1) {
		fixes[fix[1]] = true
	}
	if len(fixes) != 1 {
		t.Fatalf("not one command for all: %v", fixes)
	}
	for fix := range fixes {
		x.says(3, fix) // asked, and not answered yet
	}
	out = x.says(6, "component-admin doctor --config join.yaml", "fix: asked on 20",
		"not answered yet: component-admin ")
	if strings.Contains(out, " request ") {
		t.Errorf("doctor asks again: %s", out)
	}
	x.ca(0, "sync", "-q")
	x.says(0, "component-admin sync")
	x.says(0, "component-admin doctor --config join.yaml")
	leaf := x.certificate("component/kubelet/pki/kubelet.crt")
	if names := pki.NamesOf(leaf).Strings(); !slices.Equal(names, []string{"DNS:w4", "IP:192.0.2.24"}) {
		t.Errorf("the kubelet serves as %q", names)
	}
}

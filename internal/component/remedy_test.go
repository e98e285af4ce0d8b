package component

import (
	"strings"
	"testing"
)

// TestRenewalIsOneCommand: certificates that end are renewed by one command, which keeps every name they have.
func TestRenewalIsOneCommand(t *testing.T) {
	h := hostOf(t, clusterFile)
	h.setUp()
	h.Renewal = []string{"--kubernetes", "1.34"}
	h.again("kube-scheduler", expiring)
	h.again("kubelet-serving", expired)
	want := `Expiring DIR/scheduler.conf: it expires at 2026-06-30T12:00:00Z
  fix: component-admin --dir DIR request --from-pki kube-scheduler kubelet-serving --node cp1 --kubernetes 1.34
Wrong DIR/kubelet/pki/kubelet.crt: it expired at 2026-06-01T11:59:59Z
  fix: component-admin --dir DIR request --from-pki kube-scheduler kubelet-serving --node cp1 --kubernetes 1.34`
	if got := h.examine(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// TestRenewalOfManaged: what this program installed is renewed by renew; only what others put there is adopted.
func TestRenewalOfManaged(t *testing.T) {
	h := hostOf(t, clusterFile)
	h.setUp()
	h.Renewal = []string{"--kubernetes", "1.34"}
	h.again("kube-scheduler", expiring)
	h.again("front-proxy-client", expiring)
	h.again("kubelet-serving", expired)
	for _, s := range []State{
		{ID: strings.Repeat("1", 64), Profile: "kube-scheduler", Status: StatusInstalled},
		{ID: strings.Repeat("2", 64), Profile: "kubelet-serving", Status: StatusReplaced},
		{ID: strings.Repeat("3", 64), Profile: "front-proxy-client", Status: StatusInstalled},
	} {
		h.remember(s)
	}
	got := h.examine()
	for _, want := range []string{
		"DIR/scheduler.conf: it expires at 2026-06-30T12:00:00Z\n  fix: component-admin --dir DIR renew --now ",
		"fix: component-admin --dir DIR renew --now front-proxy-client kube-scheduler\n",
		"it expired at 2026-06-01T11:59:59Z\n  fix: component-admin --dir DIR request --from-pki kubelet-serving " +
			"--node cp1 --kubernetes 1.34",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("not %q in\n%s", want, got)
		}
	}
}

// TestOpenRequests: what is asked already is not advised again.
func TestOpenRequests(t *testing.T) {
	for _, c := range []struct{ status, said, want string }{
		{StatusOpen, "", "asked on 2026-05-30, not answered yet: component-admin --dir DIR sync"},
		{StatusOpen, "Held",
			"asked on 2026-05-30, held: the CA admin decides with `ca-admin approve 0123456789abcdef`; " +
				"then: component-admin --dir DIR sync"},
		{StatusOpen, "Denied", "asked on 2026-05-30, denied: the reason is shown by: component-admin --dir DIR sync"},
		{StatusInstalling, "", "component-admin --dir DIR sync"},
		{StatusSuperseded, "", "component-admin --dir DIR request kube-scheduler --config F"},
	} {
		h := hostOf(t, clusterFile)
		h.setUp()
		h.remove("scheduler.conf")
		state := State{
			Status: c.status, Said: c.said, Profile: "kube-scheduler", Release: "1.37",
			Created: clock.AddDate(0, 0, -2),
			ID:      "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
			Files:   Files{Kubeconfig: "scheduler.conf"},
		}
		h.remember(state)
		if got, want := h.examine(), "Wrong DIR/scheduler.conf: the file is missing\n  fix: "+c.want; got != want {
			t.Errorf("%s %s: got\n%s\nwant\n%s", c.status, c.said, got, want)
		}
	}
}

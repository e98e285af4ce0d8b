package e2e_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestStatusOfHost: component-admin status has the columns of ca-admin's list, and its own, in kubeadm's order however
// the files were asked for; scripts get serial and issuer as the CA has them.
func TestStatusOfHost(t *testing.T) {
	t.Parallel()
	x := newExchange(t, build(t))
	x.component(0, "init", "--name", "web", "--trust", x.trust())
	for _, profile := range []string{
		"client --common-name web", "server --dns a.example", "kube-scheduler --server https://a:1",
	} {
		x.component(0, append([]string{"request"}, strings.Fields(profile+" --key-type ECDSA-P256")...)...)
	}
	x.ca(0, "sync")
	for _, id := range x.heldIDs() {
		x.ca(0, "approve", id, "--yes")
	}
	x.component(0, "sync")
	lines := strings.Split(x.component(0, "status", "--wide"), "\n")
	at := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "CERTIFICATE") })
	columns := "CERTIFICATE FILE STATUS EXPIRES RESIDUAL DUE APPLIED SERIAL ISSUER REQUEST"
	if at < 0 || strings.Join(strings.Fields(lines[at]), " ") != columns {
		t.Fatalf("status prints\n%s", strings.Join(lines, "\n"))
	}
	for i, profile := range []string{"kube-scheduler", "server", "client"} {
		if !strings.HasPrefix(lines[at+1+i], profile+" ") {
			t.Errorf("line %d is %q, not of %s", i+1, lines[at+1+i], profile)
		}
	}
	var status, list struct {
		Items []struct{ Profile, Serial, Issuer string }
	}
	x.decode(&list, "list", "-o", "json")
	must(t, json.Unmarshal([]byte(x.component(0, "status", "-q", "-o", "json")), &status))
	for _, item := range status.Items {
		if !slices.Contains(list.Items, item) {
			t.Errorf("%+v is not one of %+v", item, list.Items)
		}
	}
}

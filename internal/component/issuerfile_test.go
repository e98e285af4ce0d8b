package component

import (
	"encoding/json"
	"os"
	"testing"

	"ca-exchange/internal/pki"
)

// TestIssuerHook: it runs once when an issuer's certificate was put into place, or back, and not for one that an
// earlier version put there.
func TestIssuerHook(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.recorder(t)
	program := w.path("bin", "record")
	w.hooks(t, "- {name: trust, issuers: [ca], run: ["+program+"]}\n- {name: etcd, issuers: [etcd-ca], run: ["+program+
		"]}\n")
	s := w.request(t)
	w.answer(t, s)
	w.sync(t, SyncOptions{})
	apply := func(when, want string) {
		t.Helper()
		_, err := w.open(t).Apply(t.Context())
		must(t, err)
		if got := w.runs(t); got != want {
			t.Fatalf("%s the hooks ran %q, not %q", when, got, want)
		}
	}
	apply("at first", "trust issuers \netcd issuers \n")
	trust, err := w.open(t).Issuers()
	must(t, err)
	issuer, _ := trust.Authority("ca")
	var input HookInput
	must(t, json.Unmarshal(w.read(t, "input"), &input))
	want := HookItem{
		Issuer: "etcd-ca", Certificate: w.path("host", "pki/etcd/ca.crt"),
		NewSerial: pki.SerialHex(issuer.Certificate.SerialNumber),
		NotAfter:  issuer.Certificate.NotAfter.UTC(),
	}
	if len(input.Items) != 1 || input.Items[0] != want {
		t.Errorf("%+v, not %+v", input.Items, want)
	}
	w.sync(t, SyncOptions{})
	apply("with nothing new", "trust issuers \netcd issuers \n")
	must(t, os.Remove(w.path("host", "pki/ca.crt")))
	w.sync(t, SyncOptions{})
	apply("with the file put back", "trust issuers \netcd issuers \ntrust issuers \n")
	must(t, os.Remove(w.path("host", "component-admin", issuersFile)))
	w.sync(t, SyncOptions{})
	apply("after an earlier version", "trust issuers \netcd issuers \ntrust issuers \n")
}

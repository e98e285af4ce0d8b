package e2e_test

import (
	"encoding/json"
	"testing"
)

// TestRevokeSerialOfAnother: a serial under the name of an issuer that did not sign its certificate revokes nothing of
// it, and that is said.
func TestRevokeSerialOfAnother(t *testing.T) {
	t.Parallel()
	x := newCluster(t, build(t), "--trust-inbox")
	x.drop("a.csr", serverRequest(t, "a"))
	x.ca(0, "sync", "-q")
	var list struct {
		Items []struct{ Serial, Status string }
	}
	must(t, json.Unmarshal([]byte(x.ca(0, "list", "-o", "json")), &list))
	serial := list.Items[0].Serial
	x.says(0, "ca-admin revoke --issuer etcd-ca --serial "+serial+" --reason superseded --yes",
		"server@a.example has the serial "+serial+", too, of issuer ca: this does not revoke it")
	must(t, json.Unmarshal([]byte(x.ca(0, "list", "-o", "json")), &list))
	if list.Items[0].Status != "Issued" {
		t.Errorf("%+v", list)
	}
}

package kube

import (
	"strings"
	"testing"
)

// TestNodeAddresses: the addresses of a kubelet that its flags name are names of its server, in both forms of the file.
func TestNodeAddresses(t *testing.T) {
	join := func(version, arguments string) string {
		return "apiVersion: kubeadm.k8s.io/" + version + "\nkind: JoinConfiguration\nnodeRegistration:\n  name: w1\n" +
			"  kubeletExtraArgs: " + arguments + "\n"
	}
	for _, c := range []struct{ name, file, want string }{
		{"list", join("v1beta4", `[{name: v, value: "4"}, {name: node-ip, value: 192.0.2.55}]`),
			"DNS:w1 IP:192.0.2.55"},
		{"list, named again", join("v1beta4", `[{name: node-ip, value: 192.0.2.1}, {name: node-ip, value: 192.0.2.2}]`),
			"DNS:w1 IP:192.0.2.2"},
		{"mapping", join("v1beta3", `{node-ip: 192.0.2.55, hostname-override: W1.Example.net}`),
			"DNS:w1 DNS:w1.example.net IP:192.0.2.55"},
		{"one key", join("v1beta3", `{hostname-override: 192.0.2.9}`), "DNS:w1 IP:192.0.2.9"},
		{"both families", join("v1beta4", `[{name: node-ip, value: "192.0.2.55,2001:db8::55"}]`),
			"DNS:w1 IP:192.0.2.55 IP:2001:db8::55"},
		{"only a family", join("v1beta4", `[{name: node-ip, value: "::"}]`), "DNS:w1"},
		{"empty value", join("v1beta4", `[{name: node-ip, value: ""}]`), "DNS:w1"},
		{"null", join("v1beta4", "null"), "DNS:w1"},
		{"none", join("v1beta4", "[]"), "DNS:w1"},
	} {
		config := parse(t, c.file)
		p, _ := Find(config.Release, "kubelet-serving")
		if got := strings.Join(config.Ask(p, "w1", config.CertSANs).Names.Strings(), " "); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	// The first host's file does not lend a host that joins its address.
	other := "apiVersion: kubeadm.k8s.io/v1beta3\nkind: InitConfiguration\n" +
		"nodeRegistration: {kubeletExtraArgs: {node-ip: 192.0.2.1}}\n"
	for _, files := range [][]string{{other, join("v1beta4", "[]")}, {join("v1beta4", "[]"), other}} {
		if n := parse(t, files...).NodeAddresses; n.Len() != 0 {
			t.Errorf("another host's addresses: %v", n.Strings())
		}
	}
	for arguments, want := range map[string]string{
		"5": "line 5, column 21: expected flags, as a mapping or a list of name and " +
			"value, found 5",
		`[{name: node-ip, value: w1}]`: `line 5, column 45: "w1" is not an IP address (examples: 192.0.2.10, ` +
			`2001:db8::10)`,
		`{node-ip: 192.0.2.1;}`: `line 5, column 31: "192.0.2.1;" is not an IP address (examples: 192.0.2.10, ` +
			`2001:db8::10)`,
		`{hostname-override: a_b}`: `line 5, column 41: "a_b" is neither an IP address nor a lower-case DNS name`,
		`{v: 4}`:                   "line 5, column 25: expected a string, found 4: put quotes around it",
		`[4]`:                      "line 5, column 22: int was used where mapping is expected",
	} {
		_, err := ParseConfig([]byte(join("v1beta4", arguments)))
		if err == nil || err.Error() != "reading kubeadm configuration: "+want {
			t.Errorf("%s: got %v, want %s", arguments, err, want)
		}
	}
}

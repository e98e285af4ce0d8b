package kube

import "testing"

func TestSecret(t *testing.T) {
	s := Secret{Name: "web-tls", Namespace: "on", Certificate: []byte("a"), Key: []byte("b"), CA: []byte("c")}
	const want = "apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"web-tls\"\n  namespace: \"on\"\n" +
		"type: kubernetes.io/tls\ndata:\n  ca.crt: Yw==\n  tls.crt: YQ==\n  tls.key: Yg==\n"
	if got := string(s.Encode()); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
	for _, c := range []struct{ name, namespace, want string }{
		{"web.tls", "", ""},
		{"Web", "", `"Web" is not the name of a secret: lower-case letters, digits, hyphens and dots`},
		{"web\n", "", `"web\n" is not the name of a secret: lower-case letters, digits, hyphens and dots`},
		{"web", "a.b", `"a.b" is not a namespace: lower-case letters, digits and hyphens`},
	} {
		if got := said((Secret{Name: c.name, Namespace: c.namespace}).Check()); got != c.want {
			t.Errorf("%q in %q: %s, want %s", c.name, c.namespace, got, c.want)
		}
	}
}

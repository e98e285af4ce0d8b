package kube

import "testing"

func TestOwn(t *testing.T) {
	for _, c := range []struct{ name, like, issuer, want string }{
		{"prometheus-etcd", "client", EtcdIssuer, ""},
		{"dev-access", "user", "", ""},
		{"prometheus", "kubelet", "",
			`profile "prometheus" is like "kubelet": an own profile is like server, client, peer or user`},
		{"prometheus", "no", "",
			`profile "prometheus" is like "no": an own profile is like server, client, peer or user`},
		{"admin", "client", "", `profile "admin" is a built-in one, and like no other`},
		{"Prometheus", "client", "",
			`profile "Prometheus": a name has lower-case letters, digits, hyphens, at most 40`},
		{"p", "client", "root", `no issuer "root": one of ca, etcd-ca, front-proxy-ca`},
	} {
		p, err := Own(c.name, c.like, c.issuer)
		if got := said(err); got != c.want {
			t.Errorf("Own(%q, %q, %q): %s, want %s", c.name, c.like, c.issuer, got, c.want)
		}
		issued := p.Issuer != "" && (c.issuer == "" || p.Issuer == c.issuer)
		if c.want == "" && (p.Name != c.name || p.Like != c.like || !issued) {
			t.Errorf("Own(%q, %q, %q) is %+v", c.name, c.like, c.issuer, p)
		}
	}
}

func TestCheckWho(t *testing.T) {
	for name, refused := range map[string]bool{
		"jane": false, "dev-team": false, "systems": false,
		"system:masters": true, "kubeadm:cluster-admins": true, " System:Node:cp1": true,
	} {
		if err := CheckWho(name); (err != nil) != refused {
			t.Errorf("CheckWho(%q): %v, refused %t", name, err, refused)
		}
	}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

package kube

import "testing"

func TestEffects(t *testing.T) {
	const (
		minute     = "kube-apiserver takes it up by itself within 60 s"
		connection = "takes it up by itself at its next connection"
		restart    = "kubelet reads kubelet.crt only at its start: restart it: systemctl restart kubelet"
	)
	for _, c := range []struct{ profile, release, file, want string }{
		{"kube-apiserver", "1.37", "pki/apiserver.crt", minute},
		{"kube-apiserver", "1.25", "/etc/kubernetes/pki/apiserver.crt", minute},
		{"apiserver-kubelet-client", "1.37", "pki/apiserver-kubelet-client.crt",
			"kube-apiserver takes it up by itself within 5 min"},
		{"apiserver-etcd-client", "1.37", "pki/apiserver-etcd-client.crt", "kube-apiserver " + connection},
		{"front-proxy-client", "1.37", "pki/front-proxy-client.crt", minute},
		{"etcd-server", "1.37", "pki/etcd/server.crt", "etcd " + connection},
		{"etcd-peer", "1.28", "pki/etcd/peer.crt", "etcd " + connection},
		{"etcd-healthcheck-client", "1.37", "pki/etcd/healthcheck-client.crt", "etcdctl " + connection},
		{"admin", "1.37", "admin.conf", "kubectl " + connection},
		{"super-admin", "1.37", "super-admin.conf", "kubectl " + connection},
		{"kube-controller-manager", "1.37", "controller-manager.conf",
			"kube-controller-manager reads controller-manager.conf only at its start: " +
				"restart it: crictl stop $(crictl ps -q --name kube-controller-manager)"},
		{"kube-scheduler", "1.37", "/etc/kubernetes/scheduler.conf",
			"kube-scheduler reads scheduler.conf only at its start: " +
				"restart it: crictl stop $(crictl ps -q --name kube-scheduler)"},
		{"kube-proxy", "1.37", "kube-proxy.conf",
			"kube-proxy reads kube-proxy.conf only at its start: restart it: systemctl restart kube-proxy"},
		{"kubelet", "1.37", "kubelet.conf",
			"kubelet reads kubelet.conf only at its start: restart it: systemctl restart kubelet"},
		{"kubelet-serving", "1.25", "pki/kubelet.crt", restart},
		{"kubelet-serving", "1.30.9", "pki/kubelet.crt", restart},
		{"kubelet-serving", "1.31.0", "pki/kubelet.crt", "kubelet takes it up by itself within 60 s"},
		{"kubelet-serving", "1.37", "pki/kubelet.crt", "kubelet takes it up by itself within 60 s"},
		{"server", "1.37", "pki/web.example.crt", "restart or reload the program that reads web.example.crt"},
		{"client", "1.37", "pki/bob.crt", "restart or reload the program that reads bob.crt"},
	} {
		r, err := ParseRelease(c.release)
		if err != nil {
			t.Fatal(err)
		}
		if got := EffectOf(c.profile, r).Sentence(c.file); got != c.want {
			t.Errorf("%s in %s:\n got %s\nwant %s", c.profile, c.release, got, c.want)
		}
	}
}

// TestEffectsAreWhole: a profile of Kubernetes has an effect in each release, a generic one has none.
func TestEffectsAreWhole(t *testing.T) {
	for minor := oldestMinor; minor <= newestMinor; minor++ {
		for _, p := range Profiles(Release{minor, Newest}) {
			e := EffectOf(p.Name, Release{minor, Newest})
			if (e.By == Unknown) != p.Generic() || (e.By == Restart) != (e.Command != "") || e.Since > minor {
				t.Errorf("%s in 1.%d: %+v", p.Name, minor, e)
			}
		}
	}
	for _, row := range effects() {
		if _, ok := Find(Latest(), row.profile); !ok {
			t.Errorf("effects has a row for %q, which is not a profile", row.profile)
		}
	}
}

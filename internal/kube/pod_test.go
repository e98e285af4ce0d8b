package kube

import "testing"

// etcdPod is what kubeadm 1.37 writes, shortened.
const etcdPod = `apiVersion: v1
kind: Pod
metadata:
  annotations:
    kubeadm.kubernetes.io/etcd.advertise-client-urls: https://192.0.2.10:2379
  name: etcd
  namespace: kube-system
spec:
  containers:
  - name: log
    image: example.com/log:1
    command: [tail]
  - command:
    - etcd
    - --cert-file=/etc/kubernetes/pki/etcd/server.crt
    - --client-cert-auth=true
    - --client-crl-file
    - /etc/kubernetes/pki/etcd/ca.crl
    - --snapshot-count=10000
    args:
    - -snapshot-count=20000
    image: registry.k8s.io/etcd:3.6.13-0
    volumeMounts:
    - mountPath: /var/lib/etcd
      name: etcd-data
    - mountPath: /etc/kubernetes/pki/etcd
      name: etcd-certs
    - mountPath: /certs/
      name: etcd-certs
      subPath: more
    - mountPath: /run/empty
      name: empty
  volumes:
  - hostPath: {path: /srv/pki/etcd, type: DirectoryOrCreate}
    name: etcd-certs
  - hostPath:
      path: /var/lib/etcd
    name: etcd-data
  - name: empty
    emptyDir: {}
status: {}
`

func TestParsePod(t *testing.T) {
	p, err := ParsePod([]byte(etcdPod), "etcd")
	if err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{
		"cert-file": "/etc/kubernetes/pki/etcd/server.crt", "client-cert-auth": "true", "snapshot-count": "20000",
		"client-crl-file": "/etc/kubernetes/pki/etcd/ca.crl", "peer-crl-file": "",
	} {
		if got := p.Flags[flag]; got != want {
			t.Errorf("--%s is %q, not %q", flag, got, want)
		}
	}
	for file, want := range map[string]string{
		"/etc/kubernetes/pki/etcd/ca.crl": "/srv/pki/etcd/ca.crl", "/certs/ca.crl": "/srv/pki/etcd/more/ca.crl",
		"/var/lib/etcd/../etcd/x": "/var/lib/etcd/x", "/etc/kubernetes/pki/ca.crl": "",
		"/etc/kubernetes/pki/etcd2/x": "", "/run/empty/x": "",
	} {
		if got, seen := p.HostPath(file); got != want || seen != (want != "") {
			t.Errorf("%s is %q on the host, %t; not %q", file, got, seen, want)
		}
	}
	if v, ok := p.Version(); !ok || v != (ImageVersion{3, 6, 13}) {
		t.Errorf("version %v, %t", v, ok)
	}
	for _, bad := range []string{"", "spec: {containers: [{command: [sleep]}]}", "spec: {containers: x}", "\t"} {
		if _, err := ParsePod([]byte(bad), "etcd"); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func TestImageVersion(t *testing.T) {
	for image, want := range map[string]string{
		"registry.k8s.io/etcd:3.5.31-0": "3.5.31", "etcd:v3.6.13": "3.6.13", "host:5000/etcd:3.7.0@sha256:ab": "3.7.0",
		"host:5000/etcd": "", "etcd:latest": "", "etcd@sha256:0123456789abcdef": "", "etcd:3.5.99999": "",
	} {
		v, ok := Pod{Image: image}.Version()
		if ok != (want != "") || ok && v.String() != want {
			t.Errorf("%s: %v, %t, not %q", image, v, ok, want)
		}
	}
	ascending := []ImageVersion{{3, 4, 23}, {3, 5, 31}, {3, 5, 32}, {3, 6, 0}, {4, 0, 0}}
	for i, a := range ascending {
		for j, b := range ascending {
			if a.Before(b) != (i < j) {
				t.Errorf("%v before %v: %t", a, b, a.Before(b))
			}
		}
	}
}

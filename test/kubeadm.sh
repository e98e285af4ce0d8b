#!/usr/bin/env bash
# kubeadm's word on a control plane whose certificates all went through the inbox: in external CA mode it accepts what
# component-admin installed, for new issuers of both key types, a single one, an intermediate, and those of a PKI that
# kubeadm itself made. Builds kubeadm once through the Go module proxy (test/kubernetes). Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
root=$PWD
cache=$(bash test/kubernetes/build.sh | tail -1) || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/bin/" ./cmd/... || exit 1
PATH="$work/bin:$cache:$PATH"
unset CA_EXCHANGE CA_ADMIN_DIR COMPONENT_ADMIN_DIR
passed=0 failed=0
expect() { # expect NAME COMMAND…
	local name=$1
	shift
	if "$@" >"$work/log" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "failed: $name"; tail -5 "$work/log"; fi
}
contains() { grep -q "$1" "$work/out" || { cat "$work/out"; return 1; }; }

cluster() { # cluster NAME INIT-FLAGS…: a CA, a control plane cp1, all of it answered
	mkdir -p "$work/$1" && cd "$work/$1" || return 1
	local name=$1
	shift
	cp "$root/cmd/testdata/kubeadm.yaml" . && echo "certificatesDir: $work/$name/kubernetes/pki" >>kubeadm.yaml
	ca-admin init -q --config kubeadm.yaml "$@" >/dev/null || return 1
	component-admin -q --dir kubernetes init --name cp1 --trust "$(ca-admin status -o json | sed -n 's/.*"trust": "\(.*\)".*/\1/p')" >/dev/null
	ca-admin enroll -q cp1 --key kubernetes/component-admin/identity.pub --node cp1 --ip 192.0.2.10 \
		--profile "$(ca-admin profiles | awk 'NR>1 && !/a person/ && $1!="server" && $1!="client"{print $1}' | paste -sd,)"
	component-admin -q --dir kubernetes request control-plane --config kubeadm.yaml || return 1
	ca-admin sync -q
	component-admin --dir kubernetes sync >sync.log 2>&1
	component-admin --dir kubernetes status >out
	grep -q '11 of 13 installed, 2 held: admin, super-admin' out || { cat out sync.log; return 1; }
	ca-admin approve -q --yes $(ca-admin pending -o json | sed -n 's/.*"id": "\(.*\)".*/\1/p') || return 1
	component-admin -q --dir kubernetes sync
}

judge() { # kubeadm looks for kubeconfigs in /etc/kubernetes only, so it is shown ours there, in a mount namespace of its own
	local name=$1 inside='mount --bind "$1/kubernetes" /etc/kubernetes && shift && exec "$@"'
	mkdir -p /etc/kubernetes
	in_place() { unshare -m sh -c "$inside" sh "$work/$name" "$@"; }
	sed "s#certificatesDir: .*#certificatesDir: /etc/kubernetes/pki#" "$work/$name/kubeadm.yaml" >"$work/kubeadm-$name.yaml"
	in_place kubeadm init phase certs all --config "$work/kubeadm-$name.yaml" >"$work/out" 2>&1
	expect "$name: init phase certs all" contains 'keyless\|Using existing ca certificate authority'
	expect "$name: nothing new was made" sh -c "! grep -qi 'Generating' '$work/out'"
	in_place kubeadm init phase kubeconfig all --config "$work/kubeadm-$name.yaml" >"$work/out" 2>&1
	expect "$name: init phase kubeconfig all" contains 'External CA mode: Using user provided admin.conf'
	expect "$name: no error" sh -c "! grep -qi '^error' '$work/out'"
	in_place kubeadm certs check-expiration --config "$work/kubeadm-$name.yaml" >"$work/out" 2>&1
	expect "$name: check-expiration" contains 'apiserver '
	expect "$name: no CA key in the cluster" sh -c "! ls '$work/$name'/kubernetes/pki/ca.key 2>/dev/null"
	for c in apiserver apiserver-kubelet-client; do
		expect "$name: openssl verifies $c" openssl verify -x509_strict -CAfile "$work/$name/kubernetes/pki/ca.crt" -untrusted "$work/$name/kubernetes/pki/$c.crt" "$work/$name/kubernetes/pki/$c.crt"
	done
	for f in admin super-admin kubelet controller-manager scheduler; do
		expect "$name: kubectl reads $f.conf" kubectl --kubeconfig "$work/$name/kubernetes/$f.conf" config view --minify
	done
}

expect "rsa: cluster" cluster rsa && judge rsa
expect "ecdsa: cluster" cluster ecdsa --key-type ECDSA-P256 && judge ecdsa
expect "single: cluster" cluster single --issuer ca && judge single
mkdir -p "$work/made" && kubeadm init phase certs all --config <(printf 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: {advertiseAddress: 192.0.2.10}\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.37.2\ncertificatesDir: %s\n' "$work/made/pki") >/dev/null 2>&1
expect "imported: cluster" cluster imported --import-pki "$work/made/pki" && judge imported
echo "$passed passed, $failed failed"
[ $failed = 0 ]

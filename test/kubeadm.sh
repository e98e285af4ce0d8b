#!/usr/bin/env bash
# kubeadm's word on a control plane whose certificates all went through the inbox: in external CA mode it accepts what
# component-admin installed, for new issuers of both key types, a single one, intermediates, those of a PKI that kubeadm
# itself made, and for the keys and requests of kubeadm certs generate-csr, adopted or dropped into the inbox by hand. Builds kubeadm once through the Go module proxy (test/kubernetes). Ends with "N passed, N failed".
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

directory() { # directory NAME: one for a CA, an exchange and a host, with the host's configuration
	mkdir -p "$work/$1" && cd "$work/$1" || return 1
	cp "$root/e2e/testdata/kubeadm.yaml" . && echo "certificatesDir: $work/$1/kubernetes/pki" >>kubeadm.yaml
}

authority() { # authority NAME INIT-FLAGS…: a CA, and a control plane cp1 that it knows
	directory "$1" || return 1
	shift
	ca-admin init -q --config kubeadm.yaml "$@" >/dev/null || return 1
	component-admin -q --dir kubernetes init --name cp1 --trust "$(ca-admin status -o json | sed -n 's/.*"trust": "\(.*\)".*/\1/p')" >/dev/null
	ca-admin enroll -q cp1 --key kubernetes/component-admin/identity.pub --control-plane
}

answered() { # answered SUMMARY: what cp1 asked for is answered, the guarded ones by a person
	ca-admin sync -q
	component-admin --dir kubernetes sync >sync.log 2>&1
	component-admin --dir kubernetes status >out
	grep -q "$1 valid, 2 held: admin, super-admin" out || { cat out sync.log; return 1; }
	ca-admin approve -q --yes $(ca-admin pending -o json | sed -n 's/.*"id": "\(.*\)".*/\1/p') || return 1
	component-admin -q --dir kubernetes sync
}

cluster() { # cluster NAME INIT-FLAGS…: component-admin makes every key and request
	authority "$@" || return 1
	component-admin -q --dir kubernetes request control-plane --config kubeadm.yaml || return 1
	answered '11 of 13'
}

sprayed() { # sprayed NAME: certificates in a directory of another name, as kubespray has them
	authority "$1" || return 1
	sed -i 's#kubernetes/pki$#kubernetes/ssl#' kubeadm.yaml
	component-admin -q --dir kubernetes request control-plane --config kubeadm.yaml || return 1
	answered '11 of 13' && component-admin --dir kubernetes doctor --config kubeadm.yaml
}

generated() { # generated NAME INIT-FLAGS…: kubeadm makes every key and request, which stay where they are
	authority "$@" || return 1
	kubeadm certs generate-csr --config kubeadm.yaml --cert-dir "$PWD/kubernetes/pki" --kubeconfig-dir "$PWD/kubernetes" >/dev/null || return 1
	sha256sum kubernetes/pki/*.key kubernetes/pki/etcd/*.key >keys
	component-admin -q --dir kubernetes request --from-kubeadm kubernetes || return 1
	answered '10 of 12' && sha256sum -c --quiet keys
}

recertified() { # recertified NAME: a host that kubeadm made with CA keys of its own hands those over, and keeps all others
	directory "$1" || return 1
	kubeadm init phase certs all --config kubeadm.yaml >/dev/null 2>&1 || return 1
	kubeadm init phase kubeconfig all --config kubeadm.yaml --kubeconfig-dir "$PWD/kubernetes" >/dev/null 2>&1 || return 1
	authority "$1" --import-pki "$PWD/kubernetes/pki" || return 1
	rm kubernetes/pki/ca.key kubernetes/pki/etcd/ca.key kubernetes/pki/front-proxy-ca.key
	sha256sum kubernetes/pki/*.key kubernetes/pki/etcd/*.key >keys
	component-admin -q --dir kubernetes request --from-pki || return 1
	answered '10 of 12' && sha256sum -c --quiet keys && component-admin --dir kubernetes doctor --config kubeadm.yaml
}

dropped() { # dropped NAME: kubeadm's requests put into the inbox by hand, unsigned: told by their subjects, or held
	mkdir -p "$work/$1" && cd "$work/$1" || return 1
	cp "$root/e2e/testdata/kubeadm.yaml" .
	ca-admin init -q --config kubeadm.yaml --trust-inbox >/dev/null # the file names its host cp1
	kubeadm certs generate-csr --config kubeadm.yaml --cert-dir "$PWD/made/pki" --kubeconfig-dir "$PWD/made" >/dev/null || return 1
	local csr
	for csr in $(cd made && find . -name '*.csr'); do cp "made/$csr" "exchange/inbox/$(echo "${csr#./}" | tr / -)"; done
	ca-admin sync -q
}

request() { sed -n 's/.*"request": "\(.*\)".*/\1/p' "exchange/outbox/$1.held.json"; } # request ENTRY: the id of a held one

judge() { # judge NAME [CERTIFICATES]: kubeadm looks for kubeconfigs in /etc/kubernetes only, so it is shown ours there, in a mount namespace of its own
	local name=$1 pki=${2:-pki} inside='mount --bind "$1/kubernetes" /etc/kubernetes && shift && exec "$@"'
	mkdir -p /etc/kubernetes
	in_place() { unshare -m sh -c "$inside" sh "$work/$name" "$@"; }
	sed "s#certificatesDir: .*#certificatesDir: /etc/kubernetes/$pki#" "$work/$name/kubeadm.yaml" >"$work/kubeadm-$name.yaml"
	in_place kubeadm init phase certs all --config "$work/kubeadm-$name.yaml" >"$work/out" 2>&1
	expect "$name: init phase certs all" contains 'keyless\|Using existing ca certificate authority'
	expect "$name: nothing new was made" sh -c "! grep -qi 'Generating' '$work/out'"
	in_place kubeadm init phase kubeconfig all --config "$work/kubeadm-$name.yaml" >"$work/out" 2>&1
	expect "$name: init phase kubeconfig all" contains 'External CA mode: Using user provided admin.conf'
	expect "$name: no error" sh -c "! grep -qi '^error' '$work/out'"
	in_place kubeadm certs check-expiration --config "$work/kubeadm-$name.yaml" >"$work/out" 2>&1
	expect "$name: check-expiration" contains 'apiserver '
	expect "$name: no CA key in the cluster" sh -c "! ls '$work/$name/kubernetes/$pki/ca.key' 2>/dev/null"
	for c in apiserver apiserver-kubelet-client; do
		expect "$name: openssl verifies $c" openssl verify -x509_strict -partial_chain -CAfile "$work/$name/kubernetes/$pki/ca.crt" "$work/$name/kubernetes/$pki/$c.crt"
	done
	for f in admin super-admin kubelet controller-manager scheduler; do
		expect "$name: kubectl reads $f.conf" kubectl --kubeconfig "$work/$name/kubernetes/$f.conf" config view --minify
	done
}

expect "rsa: cluster" cluster rsa && judge rsa
expect "ecdsa: cluster" cluster ecdsa --key-type ECDSA-P256 && judge ecdsa
expect "another directory: cluster" sprayed sprayed && judge sprayed ssl
expect "single: cluster" cluster single --issuer ca && judge single
mkdir -p "$work/made" && kubeadm init phase certs all --config <(printf 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: {advertiseAddress: 192.0.2.10}\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.37.2\ncertificatesDir: %s\n' "$work/made/pki") >/dev/null 2>&1
expect "imported: cluster" cluster imported --import-pki "$work/made/pki" && judge imported
expect "intermediate: issuers" bash "$root/test/kubernetes/intermediates.sh" "$work/intermediates"
expect "intermediate: cluster" cluster intermediate --import-pki "$work/intermediates" && judge intermediate
expect "generated: cluster" generated generated && judge generated
expect "generated below intermediates: cluster" generated chained --import-pki "$work/intermediates" && judge chained
expect "recertified: cluster" recertified recertified && judge recertified
expect "dropped by hand" dropped dropped
cd "$work/dropped" || exit 1
told=$(ca-admin list -o json | sed -n 's/.*"profile": "\(.*\)".*/\1/p' | sort | paste -sd' ')
expect "dropped by hand: told by subject: $told" [ "$told" = "apiserver-etcd-client apiserver-kubelet-client etcd-healthcheck-client front-proxy-client kube-apiserver kube-controller-manager kube-scheduler kubelet" ]
for name in server peer; do # they are alike but for the file's name, which decides nothing
	expect "dropped by hand: etcd/$name is held with its candidates" grep -q 'etcd-server, etcd-peer' "exchange/outbox/pki-etcd-$name.held.json"
	expect "dropped by hand: a person tells etcd/$name" ca-admin approve -q --yes "$(request "pki-etcd-$name")" --profile "etcd-$name"
	expect "dropped by hand: etcd/$name is a member's" openssl verify -purpose sslclient -verify_ip 192.0.2.10 -CAfile exchange/outbox/etcd-ca.crt "exchange/outbox/pki-etcd-$name.crt"
done
expect "dropped by hand: the API server's" openssl verify -purpose sslserver -verify_hostname api.example -CAfile exchange/outbox/ca.crt exchange/outbox/pki-apiserver.crt
echo "$passed passed, $failed failed"
[ $failed = 0 ]

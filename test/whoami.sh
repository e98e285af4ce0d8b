#!/usr/bin/env bash
# Who is it? kube-apiserver's own x509 authenticator says user and groups of every client certificate of every supported
# release of Kubernetes, each issued through the inbox. What it should say stands below, from kubeadm's sources
# (cmd/kubeadm/app/phases/certs/certlist.go and phases/kubeconfig/kubeconfig.go of each release), not from our profiles.
# Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
cache=$(bash test/kubernetes/build.sh 2>/dev/null | tail -1) || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/bin/" ./cmd/... || exit 1
PATH="$work/bin:$cache:$PATH"
unset CA_EXCHANGE CA_ADMIN_DIR COMPONENT_ADMIN_DIR SSH_AUTH_SOCK
passed=0 failed=0

# Every minor, and the patches on both sides of a change.
releases="1.25 1.26 1.27 1.28 1.29 1.30 1.31 1.32 1.33.11 1.33.12 1.34.7 1.34.8 1.35.4 1.35.5 1.36.0 1.36.1 1.37.2"

expected() { # expected MINOR PATCH: a line "ISSUER FILE user=USER groups=GROUPS" for each client certificate
	local minor=$1 patch=$2 administrators=kubeadm:cluster-admins etcd='' logs
	# v1.29 moved kubernetes-admin to a group that RBAC can take away again, and the etcd clients to none.
	[ "$minor" -ge 29 ] || administrators=system:masters etcd=system:masters
	# v1.37.0, and these patches: the API server's kubelet client carries no group.
	logs=$administrators
	case $minor in
	33) [ "$patch" -lt 12 ] || logs= ;;
	34) [ "$patch" -lt 8 ] || logs= ;;
	35) [ "$patch" -lt 5 ] || logs= ;;
	36) [ "$patch" -lt 1 ] || logs= ;;
	37) logs= ;;
	esac
	cat <<-END
		ca pki/apiserver-kubelet-client.crt user=kube-apiserver-kubelet-client groups=$logs
		etcd/ca pki/apiserver-etcd-client.crt user=kube-apiserver-etcd-client groups=$etcd
		etcd/ca pki/etcd/healthcheck-client.crt user=kube-etcd-healthcheck-client groups=$etcd
		etcd/ca pki/etcd/server.crt user=cp1 groups=
		etcd/ca pki/etcd/peer.crt user=cp1 groups=
		front-proxy-ca pki/front-proxy-client.crt user=front-proxy-client groups=
		ca admin.conf user=kubernetes-admin groups=$administrators
		ca controller-manager.conf user=system:kube-controller-manager groups=
		ca scheduler.conf user=system:kube-scheduler groups=
		ca kube-proxy.conf user=system:kube-proxy groups=
		ca kubelet.conf user=system:node:cp1 groups=system:nodes
		ca pki/prometheus.crt user=prometheus groups=
	END
	[ "$minor" -lt 29 ] || echo "ca super-admin.conf user=kubernetes-super-admin groups=system:masters"
}

certificates() { # certificates RELEASE: all of a control plane's, kube-proxy's, and another client's
	mkdir "$work/$1" && cd "$work/$1" || return 1
	cat >kubeadm.yaml <<-END
		apiVersion: kubeadm.k8s.io/v1beta3
		kind: InitConfiguration
		localAPIEndpoint: {advertiseAddress: 192.0.2.10}
		nodeRegistration: {name: cp1}
		---
		apiVersion: kubeadm.k8s.io/v1beta3
		kind: ClusterConfiguration
		kubernetesVersion: v$1
	END
	ca-admin init -q --config kubeadm.yaml --key-type ECDSA-P256 --trust-inbox --node cp1 >/dev/null || return 1
	component-admin -q --dir k init --name cp1 --trust "$(ca-admin status -o json | sed -n 's/.*"trust": "\(.*\)".*/\1/p')" >/dev/null
	component-admin -q --dir k request control-plane --config kubeadm.yaml --key-type ECDSA-P256 || return 1
	component-admin -q --dir k request kube-proxy --config kubeadm.yaml --key-type ECDSA-P256 || return 1
	component-admin -q --dir k request client --common-name prometheus --config kubeadm.yaml --key-type ECDSA-P256 || return 1
	ca-admin sync -q
	ca-admin approve -q --yes $(ca-admin pending -o json | sed -n 's/.*"id": "\(.*\)".*/\1/p')
	component-admin -q --dir k sync
}

check() { # check RELEASE
	local issuer file want says minor=${1#1.} patch=1000
	case $minor in *.*) patch=${minor#*.} minor=${minor%.*} ;; esac
	if ! certificates "$1" >"$work/log" 2>&1; then
		failed=$((failed + 1)) && echo "failed: $1: certificates" && cat "$work/log"
		return
	fi
	while read -r issuer file want; do
		says=$(cd k && whoami "pki/$issuer.crt" "$file" 2>&1)
		if [ "$says" = "$file $want" ]; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "failed: $1: $says, not $want"; fi
	done < <(expected "$minor" "$patch")
	# And who is none: a server's certificate, and a client of another issuer.
	for file in "ca pki/apiserver.crt" "etcd/ca pki/apiserver-kubelet-client.crt" "ca pki/front-proxy-client.crt"; do
		says=$(cd k && whoami "pki/${file% *}.crt" "${file#* }" 2>&1)
		case $says in *"refused: "*) passed=$((passed + 1)) ;; *) failed=$((failed + 1)) && echo "failed: $1: $says, not refused" ;; esac
	done
}

for release in $releases; do check "$release"; done
echo "$passed passed, $failed failed"
[ $failed = 0 ]

#!/bin/sh
# Builds the judges: kubeadm, kube-apiserver, kube-controller-manager, kube-scheduler, kubectl and etcd, from this
# module's go.mod through the Go module proxy, into a cache outside the checkout. What is there already is not
# built again. On two cores the first run takes about ten minutes; GOFLAGS=-p=1 keeps a shared machine usable.
# etcd is the release this Kubernetes was built against (go.mod), kept in its directory.
#
#   test/kubernetes/build.sh [NAME…]  builds what is missing, or of that only these; prints the directory last, alone on stdout
#   test/kubernetes/build.sh --print  only prints the directory
set -eu
cd "$(dirname "$0")"
# The checkout around this module is another one: neither its workspace nor its vendoring may leak in.
export GOWORK=off CGO_ENABLED=0

version=$(go list -m -f '{{.Version}}' k8s.io/kubernetes)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/ca-exchange-oracles/$version
if [ "${1:-}" = --print ]; then
	echo "$dir"
	exit
fi
names=$*
mkdir -p "$dir"

# kubeadm, the API server and kubectl compare the versions they were linked with; without these they are v0.0.0.
minor=${version#v1.}
minor=${minor%%.*}
stamp="-s -w"
for package in k8s.io/component-base/version k8s.io/client-go/pkg/version; do
	stamp="$stamp -X $package.gitVersion=$version -X $package.gitMajor=1 -X $package.gitMinor=$minor"
	stamp="$stamp -X $package.gitCommit=unknown -X $package.gitTreeState=clean -X $package.buildDate=1970-01-01T00:00:00Z"
done

# build NAME PACKAGE: under another name first, so that an interrupted build leaves no half judge behind.
build() {
	case " ${names:-$1} " in *" $1 "*) ;; *) return ;; esac
	if [ -x "$dir/$1" ]; then
		echo "$1: there" >&2
		return
	fi
	echo "$1: building from $2" >&2
	go build -trimpath -ldflags "$stamp" -o "$dir/.$1.$$" "$2"
	mv "$dir/.$1.$$" "$dir/$1"
}
build kubeadm k8s.io/kubernetes/cmd/kubeadm
build etcd go.etcd.io/etcd/server/v3
build kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
build kube-controller-manager k8s.io/kubernetes/cmd/kube-controller-manager
build kube-scheduler k8s.io/kubernetes/cmd/kube-scheduler
build kubectl k8s.io/kubernetes/cmd/kubectl

# whoami is this module's own and may change under the same version; a build without a change takes a moment.
if [ -z "$names" ]; then
	go build -trimpath -o "$dir/.whoami.$$" ./whoami
	mv "$dir/.whoami.$$" "$dir/whoami"
fi
echo "$dir"

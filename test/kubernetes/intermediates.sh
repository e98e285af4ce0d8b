#!/usr/bin/env bash
# Makes three issuers below one root with openssl, laid out as kubeadm does, each file with its chain up to the root: what
# `ca-admin init --import-pki DIR` takes.
#
#   test/kubernetes/intermediates.sh DIR
set -eu
mkdir -p "$1/etcd"
cd "$1"
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -nodes -keyout root.key -out root.crt -subj /CN=root -addext keyUsage=critical,keyCertSign -days 3650 2>/dev/null
printf 'basicConstraints=critical,CA:true,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >extensions
issuer() { # issuer COMMON-NAME FILE
	openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$2.key" -out csr -subj "/CN=$1" 2>/dev/null
	openssl x509 -req -in csr -CA root.crt -CAkey root.key -days 3650 -extfile extensions 2>/dev/null | cat - root.crt >"$2.crt"
}
issuer kubernetes ca
issuer etcd-ca etcd/ca
issuer front-proxy-ca front-proxy-ca
rm root.key root.crt csr extensions

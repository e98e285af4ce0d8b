#!/bin/sh
# A whole exchange in one go, both roles on one machine: run it, then read it.
#
#   sh examples/quickstart.sh
#
# It builds both programs, lets a CA admin and a component admin hand over a request and a certificate through one
# directory, and lets openssl verify the result. Everything happens in ./quickstart.out; nothing else is touched, and
# what the script starts it stops. It needs Go, and openssl to verify.
set -eu
exec 2>&1   # messages and results stay in order
cd "$(dirname "$0")/.."
unset CA_EXCHANGE CA_ADMIN_DIR COMPONENT_ADMIN_DIR SSH_AUTH_SOCK   # the caller's settings are not used

say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
run() { printf '$ %s\n' "$*"; "$@"; }

say "0. Build both programs into ./quickstart.out/bin"
rm -rf quickstart.out
mkdir -p quickstart.out/bin quickstart.out/ca-host quickstart.out/cp1 quickstart.out/shared
go build -o quickstart.out/bin/ ./cmd/ca-admin ./cmd/component-admin
PATH="$PWD/quickstart.out/bin:$PATH"
cd quickstart.out
export CA_EXCHANGE="$PWD/shared/exchange"   # the one directory both can reach: NFS, SMB, Syncthing, a stick, or this one

say "1. The CA admin makes the CA keys and the exchange, on a host of their own"
cd ca-host
run ca-admin init
trust=$(ca-admin status -o json | sed -n 's/.*"trust": "\(.*\)".*/\1/p')

say "2. The component admin sets up the component's host, and pins the CA by the fingerprint that came by telephone"
cd ../cp1
run component-admin init --name cp1-admin --trust "$trust"

say "3. The CA admin enrolls the component admin's key with the profiles and names that it may ask for"
cd ../ca-host
run ca-admin enroll cp1-admin --key ../cp1/component/component-admin/identity.pub \
	--profile kube-apiserver,kube-scheduler --node cp1 --ip 192.0.2.0/24

say "4. The CA admin's watch answers requests as they come"
ca-admin watch 2>watch.log &
watch=$!
trap 'kill $watch 2>/dev/null || true' EXIT INT TERM

say "5. The component admin makes keys, asks, waits, verifies and installs. No private key leaves the host"
cd ../cp1
run component-admin request kube-apiserver --node cp1 --ip 192.0.2.10 --wait 30s
run component-admin request kube-scheduler --server https://192.0.2.10:6443 --wait 30s
run component-admin status

say "6. A request outside the scope waits for a person: the CA admin looks at it and approves it"
status=0
run component-admin request server --dns www.example --wait 2s || status=$?
test "$status" -eq 3    # held
cd ../ca-host
run ca-admin pending
id=$(ca-admin pending -o json | sed -n 's/.*"id": "\(.*\)".*/\1/p')
run ca-admin approve "$id" --yes
cd ../cp1
run component-admin sync --wait 10s

say "7. The CA admin has a record of everything"
kill $watch && wait $watch || true
trap - EXIT INT TERM
cd ../ca-host
cat watch.log
run ca-admin list
run ca-admin verify

say "8. openssl verifies the result"
cd ../cp1/component/pki
if command -v openssl >/dev/null; then
	run openssl verify -x509_strict -purpose sslserver -verify_hostname kubernetes.default.svc -CAfile ca.crt apiserver.crt
	run openssl verify -x509_strict -purpose sslserver -verify_ip 192.0.2.10 -CAfile ca.crt apiserver.crt
	run openssl verify -x509_strict -purpose sslserver -verify_hostname www.example -CAfile ca.crt www.example.crt
	test "$(openssl pkey -in apiserver.key -pubout)" = "$(openssl x509 -in apiserver.crt -noout -pubkey)"
else
	echo "openssl is not installed: the certificates were verified by component-admin alone"
fi

say "Done. The CA's side is in quickstart.out/ca-host, the component's in quickstart.out/cp1; to remove everything: rm -r quickstart.out"

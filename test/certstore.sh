#!/usr/bin/env bash
# Does the kubelet go on rotating its certificate after an installation? client-go's own certificate store says, as the
# judge: on a fresh host, over a regular file such as version 1 left, after the kubelet has rotated, and over that again.
# Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/bin/" ./cmd/... || exit 1
(cd test/kubernetes && go build -o "$work/bin/" ./certstore) || exit 1
PATH="$work/bin:$PATH"
unset CA_EXCHANGE CA_ADMIN_DIR COMPONENT_ADMIN_DIR SSH_AUTH_SOCK
passed=0 failed=0
pki=w1/kubelet/pki current=w1/kubelet/pki/kubelet-client-current.pem

case_() { # case_ NAME COMMAND…: one verdict
	if "${@:2}" >out 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); printf 'FAIL %s\n' "$1"; sed 's/^/    /' out; fi
}
linked() { [ -L "$current" ] && [ "$(readlink "$current")" = "$(basename "$(readlink "$current")")" ]; }
answered() { ca-admin sync -q && component-admin --dir w1 sync; }
ours() { certstore "$pki" | tee judged && grep -q '^current:.*CN=system:node:w1' judged && grep -q '^rotated: CN=rotated' judged; }

cd "$work" || exit 1
ca-admin init -q --key-type ECDSA-P256 >trust || exit 1
component-admin -q --dir w1 init --name w1 --trust "$(cat trust)" >/dev/null || exit 1
ca-admin enroll -q w1 --key w1/component-admin/identity.pub --worker || exit 1
ask() { component-admin -q --dir w1 request kubelet --node w1 --server https://192.0.2.1:6443 --key-type ECDSA-P256; }

case_ "request" ask
case_ "install on a fresh host" answered
case_ "a link on a fresh host" linked
case_ "the kubelet rotates on a fresh host" ours
case_ "request after a rotation" component-admin -q --dir w1 request --from-pki kubelet
case_ "install after a rotation" answered
case_ "a link after a rotation" linked
case_ "the kubelet rotates after an installation" ours
cp --remove-destination "$(readlink -f "$current")" "$current"
case_ "request over a regular file" ask
case_ "install over a regular file" answered
case_ "a link over a regular file" linked
case_ "the kubelet rotates over a regular file" ours
printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]

#!/usr/bin/env bash
# Issuers whose keys are in a PKCS#11 token (SoftHSM2) and never were a file: behind OpenSSH's agent and behind
# sign-pkcs11, openssl verifies what they sign. The agent is killed in the middle of a watch and comes back; a signer that
# signs with another key leaves no trace. Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
module=$(ls /usr/lib/softhsm/libsofthsm2.so /usr/lib64/pkcs11/libsofthsm2.so 2>/dev/null | head -1)
for tool in softhsm2-util pkcs11-tool ssh-agent strace openssl; do
	command -v $tool >/dev/null && [ -n "$module" ] && continue
	echo "skipped: no $tool, or no SoftHSM2"
	[ -z "${CI:-}" ]
	exit
done
work=$(mktemp -d)
agent=
trap 'kill $agent $(jobs -p) 2>/dev/null; rm -rf "$work"' EXIT
go build -o "$work/bin/" ./cmd/... || exit 1
install -m 755 contrib/signers/sign-pkcs11 "$work/bin/" || exit 1
PATH="$work/bin:$PATH"
cd "$work" || exit 1
unset CA_EXCHANGE CA_ADMIN_DIR COMPONENT_ADMIN_DIR CREDENTIALS_DIRECTORY
export SOFTHSM2_CONF=$work/softhsm2.conf SSH_AUTH_SOCK=$work/agent PIN=73911

passed=0 failed=0
expect() { # expect NAME COMMAND…
	if "${@:2}" >log 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "failed: $1" && tail -5 log; fi
}
exits() { "${@:2}"; [ $? = "$1" ]; } # exits STATUS COMMAND…
within() { # within SECONDS COMMAND…: again until it succeeds
	local end=$((SECONDS + $1))
	until "${@:2}"; do [ $SECONDS -lt $end ] && sleep 0.2 || return 1; done
}

# --- a token with three keys, and an agent that has them ---

token() {
	mkdir tokens && printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$work" >softhsm2.conf
	(umask 077 && echo $PIN >pin && printf '#!/bin/sh\ncat %s/pin\n' "$work" >askpass && chmod 700 askpass)
	softhsm2-util --init-token --free --label ca --pin $PIN --so-pin 555555 || return 1
	key EC:prime256v1 ca 01 && key EC:secp384r1 etcd-ca 02 && key rsa:2048 front-proxy-ca 03
}
in_token() { pkcs11-tool --module "$module" --token-label ca --login --pin env:PIN "$@"; }
key() { in_token --keypairgen --key-type "$1" --label "$2" --id "$3"; }
agent() {
	rm -f agent
	ssh-agent -D -a "$work/agent" -P "$(dirname "$(readlink -f "$module")")/*" >/dev/null 2>&1 &
	agent=$!
	within 5 test -S agent && SSH_ASKPASS=$work/askpass SSH_ASKPASS_REQUIRE=force ssh-add -s "$module" </dev/null
}
fingerprint() { ssh-add -l | awk -v name="$1" '$3 == name { print $2 }'; }
stop_agent() { kill $agent && wait $agent 2>/dev/null; true; }

expect "a token with three keys" token
expect "an agent with them" agent
expect "issuers of its keys" ca-admin init --agent "ca=$(fingerprint ca),etcd-ca=$(fingerprint etcd-ca)" \
	--agent "front-proxy-ca=$(fingerprint front-proxy-ca)"
no_keys() { [ -z "$(find "$1" -name '*.key')" ] && ! grep -rl 'PRIVATE KEY' "$1"; }
expect "no key is a file" no_keys ca
for file in ca.crt etcd/ca.crt front-proxy-ca.crt; do
	expect "openssl: $file is signed by itself" openssl verify -check_ss_sig -CAfile ca/$file ca/$file
done
expect "status" ca-admin status

# --- certificates of each issuer, through an exchange ---

host() { # host NAME: a host that may ask for anything, and has asked for a certificate of each issuer
	component-admin --dir "$1" init --name "$1" --trust "$(cat trust)" &&
		ca-admin enroll "$1" --key "$1/component-admin/identity.pub" --control-plane --node "$1" && asks "$1"
}
asks() {
	component-admin --dir "$1" request kube-controller-manager etcd-server front-proxy-client --node "$1" \
		--server https://192.0.2.1:6443 --key-type ECDSA-P256
}
installed() { # installed HOST: openssl verifies what each issuer signed
	component-admin --dir "$1" sync && openssl verify -CAfile ca/etcd/ca.crt "$1/pki/etcd/server.crt" &&
		openssl verify -CAfile ca/front-proxy-ca.crt "$1/pki/front-proxy-client.crt" &&
		sed -n 's/.*client-certificate-data: //p' "$1/controller-manager.conf" | base64 -d >leaf.crt &&
		openssl verify -CAfile ca/ca.crt leaf.crt
}
ca-admin status -o json | sed -n 's/.*"trust": *"\([^"]*\)".*/\1/p' | head -1 >trust
certificates() { ca-admin list --all -o json | grep -c '"serial"'; }
has() { [ "$(certificates)" = "$1" ]; }

expect "cp1 asks" host cp1
expect "the agent signs" ca-admin sync
expect "openssl verifies what it signed" installed cp1
expect "three certificates" has 3
crls() { # openssl verifies a CRL of each issuer
	ca-admin crl ca etcd-ca front-proxy-ca || return 1
	for issuer in ca:ca etcd-ca:etcd/ca front-proxy-ca:front-proxy-ca; do
		openssl crl -inform DER -in "ca/crl/${issuer%:*}.crl" -CAfile "ca/${issuer#*:}.crt" -noout 2>&1 | grep 'verify OK' || return 1
	done
}
expect "CRLs of the agent" crls

# --- the agent is gone in the middle of a watch, and comes back ---

ca-admin watch --poll 200ms >watch.log 2>&1 &
watch=$!
expect "the watch stands" within 10 grep -q watching watch.log
stop_agent
expect "cp2 asks" host cp2
openssl req -new -newkey rsa:2048 -nodes -keyout plain.key -subj /CN=plain -out exchange/inbox/plain.csr 2>log
expect "what needs no signature is answered meanwhile" within 20 test -e exchange/outbox/plain.held.json
expect "it is said" within 20 grep -q 'signing with issuer etcd-ca' watch.log
sleep 5
asked=$(ls exchange/inbox) # three
left() { [ "$(echo "$asked" | wc -l)" = 3 ] && [ "$(ls exchange/inbox)" = "$asked" ] && ! ls exchange/outbox | grep -q 'etcd-server.*crt'; }
expect "the requests are left" left
once() { [ "$(grep -c "signing with issuer $1:" watch.log)" = 1 ]; }
for issuer in ca etcd-ca front-proxy-ca; do expect "it is said once of $issuer" once $issuer; done
told() { ca-admin status 2>&1 | grep -q "issuer etcd-ca: agent"; }
expect "status tells" told
expect "the agent is back" agent
served() { for entry in $asked; do [ -e "exchange/outbox/${entry%.csr}.crt" ] || return 1; done; }
expect "all are served" within 70 served
expect "openssl verifies what it signed then" installed cp2
expect "six certificates, each once" has 6
kill $watch && wait $watch

# --- the same keys behind sign-pkcs11 ---

attach() { ca-admin issuer attach "$1" --exec "$work/bin/sign-pkcs11" "$module" ca "$2" "$work/pin"; }
stop_agent
expect "ca by sign-pkcs11" attach ca 01
expect "etcd-ca by sign-pkcs11" attach etcd-ca 02
expect "front-proxy-ca by sign-pkcs11" attach front-proxy-ca 03
expect "cp3 asks" host cp3
expect "sign-pkcs11 signs" ca-admin sync
expect "openssl verifies what it signed" installed cp3
revoked() { # openssl refuses a revoked certificate, by a CRL of sign-pkcs11
	ca-admin revoke cp3/pki/etcd/server.crt --reason superseded --yes && crls || return 1
	openssl crl -inform DER -in ca/crl/etcd-ca.crl -out etcd.crl
	openssl verify -crl_check -CAfile ca/etcd/ca.crt -CRLfile etcd.crl cp2/pki/etcd/server.crt || return 1
	openssl verify -crl_check -CAfile ca/etcd/ca.crt -CRLfile etcd.crl cp3/pki/etcd/server.crt 2>&1 | grep 'error 23'
}
expect "CRLs of sign-pkcs11" revoked
secret() { # the PIN is in no command line
	echo "{\"issuer\":\"ca\",\"algorithm\":\"ECDSA-SHA256\",\"digest\":\"$(openssl rand -base64 32)\"}" |
		strace -f -s 500 -e trace=execve -o calls sign-pkcs11 "$module" ca 01 "$work/pin" &&
		grep -q 'pkcs11-tool' calls && ! grep -q $PIN calls
}
expect "the PIN is in no command line" secret

# --- a signer with another key, or that signs nothing ---

expect "another key is not attached" exits 5 attach ca 02
expect "a key that is not there is not attached" exits 1 attach ca 09
cp ca/signers.yaml kept.yaml
sed -i 's/ca, "01"/ca, "02"/' ca/signers.yaml
unlike() { ! cmp -s kept.yaml ca/signers.yaml; }
expect "another key in signers.yaml" unlike
expect "cp4 asks" host cp4
expect "what ca is to sign is left, what the others sign is issued" exits 3 ca-admin sync
named() { ca-admin sync 2>&1 | grep -q 'issuer "ca": .*: a wrong signature'; }
expect "it is said with the issuer's name" named
expect "nothing of ca is recorded" has 11
nothing() { [ "$(ls exchange/inbox | cut -d- -f1-3)" = kube-controller-manager ] && [ ! -e "exchange/outbox/$(basename exchange/inbox/kube-* .csr).crt" ]; }
expect "nothing of ca is published" nothing
mv kept.yaml ca/signers.yaml
expect "served once the signer is right" ca-admin sync
expect "openssl verifies what it signed" installed cp4
expect "the ledger is whole" ca-admin verify

# --- a key that was a file moves into the token ---

moved() {
	ca-admin --dir old init --issuer ca --key-type ECDSA-P256 --exchange old.exchange &&
		openssl pkcs8 -topk8 -nocrypt -in old/ca.key -outform DER -out old.der &&
		in_token --write-object old.der --type privkey --id 04 --label old &&
		ca-admin --dir old issuer attach ca --exec "$work/bin/sign-pkcs11" "$module" ca 04 "$work/pin" &&
		rm old/ca.key old.der && cp plain.csr old.csr && ca-admin --dir old sign old.csr --profile server --dns a.example --yes &&
		openssl verify -CAfile old/ca.crt old.crt
}
openssl req -new -key plain.key -subj /CN=plain -out plain.csr
expect "a key that was a file moves into the token" moved

printf '%d passed, %d failed\n' "$passed" "$failed"
[ "$failed" = 0 ]

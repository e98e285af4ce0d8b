#!/usr/bin/env bash
# Records of other CAs, made by their own programs: `openssl ca`, easy-rsa and kubeadm. What is imported is what their
# indexes say, certificate by certificate; an imported certificate is renewed, a second successor of somebody else is
# held, and openssl reads the index that is exported afterwards. Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
need() { command -v "$1" >/dev/null || { [ "$(id -u)" = 0 ] && apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null; }; }
need /usr/share/easy-rsa/easyrsa easy-rsa
need sqlite3 sqlite3
root=$PWD
cache=$(bash test/kubernetes/build.sh | tail -1) || exit 1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
go build -o "$work/bin/" ./cmd/ca-admin ./cmd/component-admin || exit 1
export PATH="$work/bin:$cache:$PATH" HOME="$work"
unset CA_EXCHANGE CA_ADMIN_DIR COMPONENT_ADMIN_DIR SSH_AUTH_SOCK

passed=0 failed=0
expect() { # expect NAME COMMAND…
	local name=$1
	shift
	if "$@" >"$work/log" 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "failed: $name"; tail -15 "$work/log"; fi
}
within() { # within DIRECTORY: a new one to work in
	mkdir -p "$work/$1" && cd "$work/$1" || exit 1
}

# --- what all of them are asked ---

# agree INDEX: each certificate stands in the list as the index says, and no other is there; V may have ended meanwhile.
agree() {
	ca-admin list --all -o json >list.json || return 1
	awk -F '\t' '{ print $4, $1 == "R" ? "R" : "-" }' "$1" | sort >theirs
	sqlite3 :memory: "SELECT upper(value ->> 'serial') || ' ' || iif(value ->> 'status' = 'Revoked', 'R', '-')
		FROM json_each(readfile('list.json'), '\$.items') WHERE value ->> 'origin' = 'Imported'" | sort >ours
	diff theirs ours || return 1
	[ "$(wc -l <ours)" = 50 ] && [ "$(grep -c R ours)" = 5 ] || return 1
	ca-admin verify
}

superseded() { [ "$(sqlite3 :memory: "SELECT count(*) FROM json_each(readfile('list.json'), '\$.items') WHERE value ->> 'status' = 'Superseded'")" = "$1" ]; }

# indexed INDEX: openssl's status of each serial is the same in the index that is exported.
indexed() {
	rm -rf export && ca-admin export -q --index export || return 1
	printf '[ca]\ndefault_ca = c\n[c]\ndatabase = export/ca/index.txt\n' >export.cnf
	awk -F '\t' '{ print $1, $4 }' "$1" >statuses
	while read -r status serial; do
		openssl ca -config export.cnf -status "$serial" 2>&1 | grep -q "^$serial=.*($status)" || { echo "$serial is not $status"; return 1; }
	done <statuses
}

# reimported CERTIFICATE KEY: another CA of that issuer takes the exported records over.
reimported() {
	ca-admin --dir again init -q --exchange again-exchange --import-cert "$1" --import-key "$2" >/dev/null || return 1
	ca-admin --dir again import --openssl export/ca -o json >again.json || return 1
	grep -q '"taken": 50,' again.json && grep -q '"revoked": 5,' again.json && ca-admin --dir again verify
}

# renewed KEY CERTIFICATE NAME: its host asks for a successor, which is issued; the neighbour, who has the certificate
# but not its key, asks, too, and is held.
renewed() {
	local trust host fingerprint
	ca-admin sync -q || return 1
	trust=$(ca-admin status -o json | sed -n 's/.*"trust": "\(.*\)".*/\1/p')
	fingerprint=$(openssl x509 -in "$2" -outform der | sha256sum | cut -d ' ' -f 1)
	for host in web neighbour; do
		component-admin -q --dir $host init --name $host --trust "$trust" >/dev/null || return 1
		ca-admin enroll -q $host --key $host/component-admin/identity.pub --profile server --dns '**.example' || return 1
		mkdir -p $host/pki
		openssl x509 -in "$2" -out "$host/pki/$3.crt" && cp "$1" "$host/pki/$3.key" || return 1
	done
	component-admin --dir web sync -q
	component-admin --dir web request server --dns "$3" --key-type ECDSA-P256 || return 1
	ca-admin sync && component-admin --dir web sync || return 1
	ca-admin list -o json --name "$3" >list.json
	[ "$(sqlite3 :memory: "SELECT value ->> 'requester' FROM json_each(readfile('list.json'), '\$.items') WHERE value ->> 'replaces' = '$fingerprint'")" = web ] || { cat list.json; return 1; }
	component-admin --dir neighbour sync -q
	component-admin --dir neighbour request server --dns "$3" --key-type ECDSA-P256 || return 1
	ca-admin sync
	ca-admin pending -o json >pending.json
	grep -q '"code": "renewal-fork"' pending.json || { cat pending.json; return 1; }
	[ "$(ca-admin pending -o json | grep -c '"id"')" = 1 ] && ca-admin verify
}

# --- openssl ca ---

openssl_ca() { # 47 hosts, 3 of them renewed, 5 revoked, 2 ended
	mkdir newcerts && touch index.txt && echo 'unique_subject = no' >index.txt.attr && echo 01 >serial && echo 20261201000000 >crlnumber
	cat >cnf <<-END
		[req]
		distinguished_name = name
		[name]
		[ca]
		default_ca = c
		[c]
		dir = .
		database = index.txt
		new_certs_dir = newcerts
		serial = serial
		crlnumber = crlnumber
		certificate = ca.pem
		private_key = ca.key
		default_md = sha256
		default_days = 300
		default_crl_days = 30
		policy = any
		copy_extensions = copy
		unique_subject = no
		[any]
		commonName = supplied
		[server]
		basicConstraints = CA:FALSE
		extendedKeyUsage = serverAuth
		[v3_ca]
		basicConstraints = critical, CA:TRUE
		keyUsage = critical, keyCertSign, cRLSign
		subjectKeyIdentifier = hash
	END
	openssl req -x509 -config cnf -extensions v3_ca -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem -days 3650 -subj '/CN=old CA' || return 1
	openssl ecparam -name prime256v1 -genkey -noout -out host.key
	for i in $(seq 47) 8 9 10; do
		openssl req -new -config cnf -key host.key -subj "/CN=h$i.example" -addext "subjectAltName=DNS:h$i.example" -out host.csr || return 1
		dates=
		[ "$i" -lt 46 ] || dates='-startdate 20250101000000Z -enddate 20250601000000Z'
		openssl ca -batch -config cnf -extensions server $dates -in host.csr -out /dev/null -notext || return 1
	done
	for revoked in '01' '02 -crl_reason keyCompromise' '03 -crl_reason superseded' '04 -crl_hold 1.2.840.10040.2.2' '05 -crl_compromise 20260101000000Z'; do
		openssl ca -config cnf -revoke newcerts/${revoked%% *}.pem $(echo "$revoked" | cut -s -d ' ' -f 2-) || return 1
	done
	openssl ca -config cnf -updatedb && openssl ca -config cnf -gencrl -out crl.pem
}
adopt() { ca-admin init -q --import-cert "$1" --import-key "$2" >/dev/null; } # adopt CERTIFICATE KEY
entries() { sed -n '/^Revoked Certificates/,/Signature Algorithm/p' | grep -v -e 'Signature Algorithm' -e 'Hold Instruction' | sort; } # no order
floor() { # the next CRL, signed at the first sync, is above the old one's number and revokes the same serials
	local number
	openssl crl -inform der -in exchange/outbox/ca.crl -noout -text >crl.txt || return 1
	number=$(openssl crl -inform der -in exchange/outbox/ca.crl -noout -crlnumber | cut -d = -f 2)
	[ $((number)) -gt $((0x20261201000000)) ] || { echo "number $number"; return 1; }
	entries <crl.txt >ours && openssl crl -in crl.pem -noout -text | entries | diff - ours && [ "$(grep -c Serial ours)" = 5 ]
}

within openssl
expect 'openssl ca makes 50 certificates' openssl_ca
expect 'its issuer is adopted' adopt ca.pem ca.key
expect 'a trial' ca-admin import --openssl . --crl crl.pem --dry-run
expect 'a trial writes nothing' [ "$(ca-admin list --all -o json | grep -c '"serial"')" = 0 ]
expect 'its records are imported' ca-admin import --openssl . --crl crl.pem
expect 'they say what its index says' agree index.txt
expect 'three are superseded' superseded 3
expect 'again: nothing is there twice' ca-admin import --openssl . --crl crl.pem
expect 'again: they say what its index says' agree index.txt
expect 'openssl reads the exported index' indexed index.txt
expect 'so does another CA' reimported ca.pem ca.key
expect 'a renewal is issued, its fork is held' renewed host.key newcerts/14.pem h20.example
expect 'the next CRL follows the old one' floor

# --- easy-rsa ---

easy() { "$work/easy-rsa/easyrsa" "$@"; }
easy_rsa() { # 47 certificates, 3 of them renewed, 5 revoked, one of which was renewed before
	cp -r /usr/share/easy-rsa "$work/easy-rsa"
	export EASYRSA=$work/easy-rsa EASYRSA_PKI=$PWD/pki EASYRSA_BATCH=1 EASYRSA_ALGO=ec EASYRSA_CURVE=prime256v1 EASYRSA_CERT_RENEW=9999
	easy init-pki && easy build-ca nopass || return 1
	for i in $(seq 40); do easy --subject-alt-name="DNS:h$i.example" build-server-full "h$i.example" nopass || return 1; done
	for i in $(seq 41 47); do easy build-client-full "user$i" nopass || return 1; done
	for i in 8 9 10; do easy --subject-alt-name="DNS:h$i.example" renew "h$i.example" nopass || return 1; done
	easy revoke-renewed h8.example superseded && easy revoke h1.example && easy revoke h2.example keyCompromise && easy revoke user41 && easy revoke user42 cessationOfOperation || return 1
	easy gen-crl
}

within easy-rsa-ca
expect 'easy-rsa makes 50 certificates' easy_rsa
expect 'its issuer is adopted' adopt pki/ca.crt pki/private/ca.key
expect 'its records are imported' ca-admin import --easyrsa pki --crl pki/crl.pem
expect 'they say what its index says' agree pki/index.txt
expect 'two are superseded' superseded 2
expect 'openssl reads the exported index' indexed pki/index.txt
expect 'so does another CA' reimported pki/ca.crt pki/private/ca.key
expect 'a renewal is issued, its fork is held' renewed pki/private/h20.example.key pki/issued/h20.example.crt h20.example

# --- kubeadm ---

kubeadm_pki() {
	cp "$root/e2e/testdata/kubeadm.yaml" . && echo "certificatesDir: $PWD/kubernetes/pki" >>kubeadm.yaml
	kubeadm init phase certs all --config kubeadm.yaml && kubeadm init phase kubeconfig all --config kubeadm.yaml --kubeconfig-dir kubernetes || return 1
	ca-admin init -q --import-pki kubernetes/pki --config kubeadm.yaml >/dev/null
}
profiles() { # each of kubeadm's certificates with the profile of its name
	ca-admin list -o json >list.json
	sqlite3 :memory: "SELECT value ->> 'profile' FROM json_each(readfile('list.json'), '\$.items')" | sort | paste -sd ' ' >have
	echo 'admin apiserver-etcd-client apiserver-kubelet-client etcd-healthcheck-client etcd-peer etcd-server front-proxy-client kube-apiserver kube-controller-manager kube-scheduler kubelet super-admin' | diff - have
}
kubeadm_renewed() { # the host asks for a successor of what kubeadm made
	component-admin -q --dir kubernetes init --name cp1 --trust "$(ca-admin status -o json | sed -n 's/.*"trust": "\(.*\)".*/\1/p')" >/dev/null
	ca-admin enroll -q cp1 --key kubernetes/component-admin/identity.pub --control-plane || return 1
	ca-admin sync -q && component-admin -q --dir kubernetes sync
	component-admin --dir kubernetes request --from-pki --rekey kube-apiserver etcd-peer || return 1
	ca-admin sync && component-admin --dir kubernetes sync || return 1
	ca-admin list -o json --requester cp1 >list.json
	[ "$(sqlite3 :memory: "SELECT count(*) FROM json_each(readfile('list.json'), '\$.items') WHERE value ->> 'replaces' <> ''")" = 2 ] || { cat list.json; return 1; }
}

within kubeadm
expect 'kubeadm makes a PKI, whose issuers are adopted' kubeadm_pki
expect 'its certificates are imported' ca-admin import --pem kubernetes
expect 'each has its profile' profiles
expect 'they are renewed' kubeadm_renewed
expect 'the ledger is whole' ca-admin verify

echo "$passed passed, $failed failed"
[ $failed = 0 ]

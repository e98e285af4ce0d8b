#!/usr/bin/env bash
# CRLs before the programs that obey them. etcd of Debian (3.4) and of Kubernetes' newest release: a good client is served
# and a revoked one refused, without a restart, also while `component-admin sync` replaces the CRL 1,000 times under
# load. OpenVPN and nginx: the same, and the good one is served through 60 days in which nobody brings a new CRL.
# Ends with "N passed, N failed". REPLACEMENTS=N replaces the CRL as often.
set -u
host=192.0.2.41 addresses=$host programs=etcd replacements=${REPLACEMENTS:-1000}
prepare() {
	for tool in /usr/bin/etcd etcdctl openvpn nginx faketime; do
		PATH="$PATH:/usr/sbin" command -v $tool >/dev/null ||
			missing "no $tool (Debian: etcd-server etcd-client openvpn nginx-light faketime)"
	done
	[ -e /dev/net/tun ] || [ "$(id -u)" != 0 ] || { mkdir -p /dev/net && mknod /dev/net/tun c 10 200; }
	$namespaces true 3<>/dev/net/tun || missing "OpenVPN needs /dev/net/tun"
	go build -o "$work/bin/" ./test/knock
}
. "$(dirname "$0")/kubernetes/alone.sh"

cd "$work" || exit 1
fails() { ! "$@"; }

# --- etcd: the certificates and the CRL of a stand-alone member ---

member() {
	mkdir etcd && cd etcd || return 1
	ca-admin init -q --key-type ECDSA-P256 >trust || return 1
	component-admin init -q --name etcd1 --trust "$(cat trust)" || return 1
	component-admin request -q etcd --node etcd1 --ip $host --key-type ECDSA-P256
	component-admin request -q apiserver-etcd-client --key-type ECDSA-P256
	ca-admin crl -q etcd-ca
	answered
	[ -e component/pki/etcd/ca.crl ] && [ -e component/pki/apiserver-etcd-client.crt ]
}
answered() { # every request approved and installed
	ca-admin sync -q
	ca-admin approve -q --yes $(ca-admin pending -o json | sed -n 's/.*"id": "\(.*\)".*/\1/p')
	component-admin sync -q
}
pki=component/pki/etcd
good="--cert $pki/healthcheck-client.crt --key $pki/healthcheck-client.key"
revoked="--cert component/pki/apiserver-etcd-client.crt --key component/pki/apiserver-etcd-client.key"

serve() { # serve NAME BINARY PORT CRL
	local peer=https://$host:$(($3 + 1))
	"$2" --name "$1" --data-dir "$1" --log-level warn --unsafe-no-fsync --listen-client-urls "https://$host:$3" \
		--advertise-client-urls "https://$host:$3" --initial-cluster "$1=$peer" --listen-peer-urls "$peer" \
		--initial-advertise-peer-urls "$peer" --client-cert-auth --trusted-ca-file $pki/ca.crt \
		--cert-file $pki/server.crt --key-file $pki/server.key --peer-client-cert-auth --peer-trusted-ca-file $pki/ca.crt \
		--peer-cert-file $pki/peer.crt --peer-key-file $pki/peer.key --client-crl-file "$4" --peer-crl-file "$4" >"$1.log" 2>&1 &
}
rest() { curl -sf --max-time 5 --cacert $pki/ca.crt $2 "https://$host:$1/health" >/dev/null; } # rest PORT CLIENT
peer() { curl -sf --http1.1 --max-time 5 --cacert $pki/ca.crt $2 "https://$host:$(($1 + 1))/version" >/dev/null; }
grpc() { ETCDCTL_API=3 etcdctl --endpoints "https://$host:$1" --cacert $pki/ca.crt $2 --dial-timeout 3s --command-timeout 3s get x; }

# replace replaces the CRL again and again, while good and revoked clients connect all along.
replace() {
	knock $pki/ca.crt "good=$pki/healthcheck-client.crt,$pki/healthcheck-client.key" \
		"revoked=component/pki/apiserver-etcd-client.crt,component/pki/apiserver-etcd-client.key" \
		"https://$host:2379/health" "https://$host:3379/health" >knocked &
	local knocker=$! i before after=$SECONDS
	before=$(crl_number)
	for ((i = 0; i < replacements; i++)); do
		ca-admin crl -q etcd-ca && component-admin sync -q || return 1
	done
	took=$((SECONDS - after))
	kill $knocker && wait $knocker
	[ $(($(crl_number) - before)) -ge "$replacements" ]
}
crl_number() { echo $((16#$(openssl crl -in $pki/ca.crl.pem -noout -crlnumber | sed 's/.*=0x//'))); }
knocked() { # knocked NAME WORD: how often at both
	sed -n "s/^$1 .* $2 \([0-9]*\).*/\1/p" knocked | paste -sd +
}

expect "certificates and an empty CRL" member
cd "$work/etcd" || exit 1
serve debian /usr/bin/etcd 2379 $pki/ca.crl
debian=$!
serve newest etcd 3379 $pki/ca.crl
newer=$!
for port in 2379 3379; do
	expect "$port is there" within 30 rest $port "$good"
	for way in rest grpc peer; do
		expect "$port: $way, nobody is revoked" $way $port "$good"
		expect "$port: $way, not yet revoked" $way $port "$revoked"
	done
done
expect "revokes" ca-admin revoke -q --yes --reason privilegeWithdrawn component/pki/apiserver-etcd-client.crt
expect "brings the CRL" component-admin sync -q
expect "openssl: good" openssl verify -crl_check -CAfile $pki/ca.crt -CRLfile $pki/ca.crl.pem $pki/healthcheck-client.crt
expect "openssl: revoked" sh -c "openssl verify -crl_check -CAfile $pki/ca.crt -CRLfile $pki/ca.crl.pem component/pki/apiserver-etcd-client.crt 2>&1 | grep 'error 23 '"
for port in 2379 3379; do
	for way in rest grpc peer; do
		expect "$port: $way, good" $way $port "$good"
		expect "$port: $way, revoked" fails $way $port "$revoked"
	done
done
expect "replaces the CRL $replacements times" replace
cp knocked log
expect "the good one was served" [ $(($(knocked good served))) -ge "$replacements" ]
expect "and never refused" [ $(($(knocked good refused))) = 0 ]
expect "the revoked one was refused" [ $(($(knocked revoked refused))) -ge "$replacements" ]
expect "and never served" [ $(($(knocked revoked served))) = 0 ]
expect "the etcd of Debian is the same process" kill -0 $debian
expect "the newest etcd is the same process" kill -0 $newer
echo "$replacements CRLs in ${took:-?} s; good: $(knocked good served) served; revoked: $(knocked revoked refused) refused"

# What the doctor says of etcd is so: the newest reads no PEM, and neither serves anybody without its file.
cp $pki/ca.crl.pem pem
cp $pki/ca.crl der
expect "PEM: read by 3.4" sh -c "cp pem $pki/ca.crl" && expect "PEM: 3.4 serves" rest 2379 "$good"
expect "PEM: the newest refuses everybody" fails rest 3379 "$good"
rm $pki/ca.crl
for port in 2379 3379; do expect "missing: $port refuses everybody" fails rest $port "$good"; done
component-admin sync -q
for port in 2379 3379; do expect "back again: $port serves" rest $port "$good"; done
kill $debian $newer
cd "$work" || exit 1

# --- OpenVPN and nginx: CRLs of issuer ca, good for 3.5 visits or for one month ---

site() { # site DAYS
	mkdir site && cd site || return 1
	ca-admin init -q --issuer ca --key-type ECDSA-P256 >trust || return 1
	component-admin init -q --name web --trust "$(cat trust)" || return 1
	component-admin request -q server --dns web.example --ip $host --key-type ECDSA-P256
	for name in good revoked; do component-admin request -q client --common-name $name --key-type ECDSA-P256; done
	answered
	ca-admin crl -q ca --days 210 && component-admin sync -q
	[ -e component/pki/ca.crl.pem ] && [ -e component/pki/revoked.crt ]
}

web() { # web DAYS: nginx on a day after today
	cat >nginx.conf <<-END
		daemon off; pid $PWD/nginx.pid; error_log $PWD/nginx.log; user root; events {}
		http { access_log off; server {
			listen $host:8443 ssl; ssl_certificate $PWD/component/pki/web.example.crt; ssl_certificate_key $PWD/component/pki/web.example.key;
			ssl_client_certificate $PWD/component/pki/ca.crt; ssl_crl $PWD/component/pki/ca.crl.pem; ssl_verify_client on;
			location / { return 200; } } }
	END
	faketime -f "+${1}d" nginx -c "$PWD/nginx.conf" &
	within 10 curl -s -o /dev/null --cacert component/pki/ca.crt https://$host:8443/
}
quit() { # both, so that their ports are free again
	kill "$(cat nginx.pid)" "$(cat vpn.pid)"
	within 10 test ! -e nginx.pid
	within 10 grep -q 'process exiting' vpn.log
}
asks() { # asks NAME: nginx
	curl -sf --max-time 5 --cacert component/pki/ca.crt --cert component/pki/"$1".crt --key component/pki/"$1".key https://$host:8443/
}

vpn() { # vpn DAYS: OpenVPN on a day after today
	faketime -f "+${1}d" openvpn --server 10.8.0.0 255.255.255.0 --dev tun --proto udp --local $host --port 1194 --dh none --writepid vpn.pid \
		--ca component/pki/ca.crt --cert component/pki/web.example.crt --key component/pki/web.example.key \
		--crl-verify component/pki/ca.crl.pem --data-ciphers AES-128-GCM --verb 3 >vpn.log 2>&1 &
	within 10 grep -q 'link local (bound)' vpn.log
}
dials() { # dials NAME: OpenVPN; only a client that the server took is told its address. It has no device to give it to
	timeout 20 openvpn --client --dev null --proto udp --remote $host 1194 --nobind --ca component/pki/ca.crt --cert component/pki/"$1".crt \
		--key component/pki/"$1".key --data-ciphers AES-128-GCM --verb 3 >"$1.log" 2>&1 &
	local client=$! status=1
	for _ in $(seq 150); do # it asks for its address every 5 s
		grep -q 'Received control message: .PUSH_REPLY' "$1.log" && status=0 && break
		sleep 0.1
	done
	kill $client 2>/dev/null
	wait $client 2>/dev/null
	cat "$1.log"
	return $status
}

expect "certificates and an empty CRL" site
cd "$work/site" || exit 1
expect "nginx" web 0
expect "OpenVPN" vpn 0
for way in asks dials; do
	expect "$way: nobody is revoked" $way good
	expect "$way: not yet revoked" $way revoked
done
printf '#!/bin/sh\nexec kill -HUP "$(cat %s/nginx.pid)"\n' "$PWD" >reload
chmod 755 reload
printf '%s\n' 'apiVersion: ca-exchange/v1' 'kind: Hooks' hooks: '- name: nginx' '  crls: [ca]' "  run: [$PWD/reload]" >component/component-admin/hooks.yaml
expect "revokes" ca-admin revoke -q --yes --reason keyCompromise component/pki/revoked.crt
expect "signs for 3.5 visits" ca-admin crl -q ca --days 210
expect "brings the CRL" component-admin sync -q
expect "the hook reloads nginx" within 10 fails asks revoked
expect "OpenVPN, without restart: revoked" fails dials revoked
for way in asks dials; do expect "$way: good" $way good; done
expect "OpenVPN is the same process" kill -0 "$(cat vpn.pid)"
quit

gap() { # gap DAYS GOOD: what is served so many days later, when nobody has come by
	expect "nginx in $1 days" web "$1"
	expect "OpenVPN in $1 days" vpn "$1"
	for way in asks dials; do
		expect "$way in $1 days: good" $2 $way good
		expect "$way in $1 days: revoked" fails $way revoked
	done
	quit
}
gap 60 within\ 1
ca-admin crl -q ca --days 30 && component-admin sync -q --no-hooks
gap 60 fails # the judge sees a CRL that has ended

[ $failed = 0 ] || tail -n 3 "$work"/*/*.log
total

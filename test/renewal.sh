#!/usr/bin/env bash
# Real components through a renewal: kube-apiserver and etcd serve what was installed without a restart and without a
# refused handshake of the API server; kube-scheduler goes on with its old client certificate until its hook restarts
# it, as the API server's audit log says. Ends with "N passed, N failed".
set -u
addresses=192.0.2.10
. "$(dirname "$0")/kubernetes/alone.sh"

cd "$work" || exit 1
export COMPONENT_ADMIN_DIR=$work/cp1
pki=$work/cp1/pki api=192.0.2.10:6443 etcd=192.0.2.10:2379

# --- certificates, and what uses them ---

certificates() {
	cat >kubeadm.yaml <<-END
		apiVersion: kubeadm.k8s.io/v1beta4
		kind: InitConfiguration
		localAPIEndpoint: {advertiseAddress: 192.0.2.10}
		nodeRegistration: {name: cp1}
		---
		apiVersion: kubeadm.k8s.io/v1beta4
		kind: ClusterConfiguration
		kubernetesVersion: v1.37.2
	END
	ca-admin init -q --config kubeadm.yaml --key-type ECDSA-P256 >trust || return 1
	component-admin init -q --name cp1 --trust "$(cat trust)" || return 1
	ca-admin enroll -q cp1 --key cp1/component-admin/identity.pub --control-plane || return 1
	component-admin request -q control-plane --key-type ECDSA-P256 --config kubeadm.yaml
	ca-admin sync -q
	component-admin sync -q # the administrators' are held; nobody needs them here
	[ -e cp1/scheduler.conf ] && [ -e "$pki/etcd/server.crt" ]
}

boot() {
	etcd --name cp1 --data-dir etcd --log-level warn --unsafe-no-fsync --listen-client-urls "https://$etcd" --advertise-client-urls "https://$etcd" \
		--initial-cluster cp1=https://192.0.2.10:2380 --listen-peer-urls https://192.0.2.10:2380 --initial-advertise-peer-urls https://192.0.2.10:2380 \
		--client-cert-auth --trusted-ca-file "$pki/etcd/ca.crt" --cert-file "$pki/etcd/server.crt" --key-file "$pki/etcd/server.key" \
		--peer-client-cert-auth --peer-trusted-ca-file "$pki/etcd/ca.crt" --peer-cert-file "$pki/etcd/peer.crt" --peer-key-file "$pki/etcd/peer.key" >etcd.log 2>&1 &
	etcd_process=$!
	printf 'apiVersion: audit.k8s.io/v1\nkind: Policy\nomitStages: [RequestReceived]\nrules: [{level: Metadata, users: ["system:kube-scheduler"]}]\n' >audit.yaml
	kube-apiserver --advertise-address 192.0.2.10 --authorization-mode Node,RBAC --client-ca-file "$pki/ca.crt" \
		--audit-policy-file audit.yaml --audit-log-path audit.log \
		--tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" --etcd-servers "https://$etcd" \
		--etcd-cafile "$pki/etcd/ca.crt" --etcd-certfile "$pki/apiserver-etcd-client.crt" --etcd-keyfile "$pki/apiserver-etcd-client.key" \
		--service-account-issuer https://kubernetes.default.svc --service-account-key-file "$pki/sa.pub" \
		--service-account-signing-key-file "$pki/sa.key" --service-cluster-ip-range 10.96.0.0/12 >apiserver.log 2>&1 &
	apiserver_process=$!
	within 60 ready || return 1
	# As a kubelet does with a static pod: what ends is started again.
	while :; do
		kube-scheduler --kubeconfig cp1/scheduler.conf --authentication-kubeconfig cp1/scheduler.conf \
			--authorization-kubeconfig cp1/scheduler.conf >>scheduler.log 2>&1 &
		echo $! >scheduler.pid
		wait $!
	done 2>/dev/null &
	within 30 seen "$(scheduler)"
}
ready() { curl -sf --max-time 5 --cacert "$pki/ca.crt" "https://$api/readyz" >/dev/null; }

# The hook that a control plane has for its scheduler: here a process stands for the pod.
hooks() {
	printf '#!/bin/sh\ncat >>%s/hooked\nkill "$(cat %s/scheduler.pid)"\n' "$work" "$work" >hook
	chmod 755 hook
	printf '%s\n' 'apiVersion: ca-exchange/v1' 'kind: Hooks' hooks: '- name: scheduler' '  profiles: [kube-scheduler]' \
		"  run: [$work/hook]" >cp1/component-admin/hooks.yaml
}

# --- what is looked at ---

serial() { openssl x509 -noout -serial -in "$1" | cut -d= -f2; }
served() { # served ADDRESS CLIENT-FLAG…: the serial that a server shows, or nothing where it refuses the handshake
	openssl s_client -connect "$@" </dev/null 2>/dev/null | openssl x509 -noout -serial 2>/dev/null | cut -d= -f2
}
onlooker() { # every 100 ms, one line: the serial that the API server shows
	local s
	while :; do
		s=$(served "$api")
		echo "${s:-refused}"
		sleep 0.1
	done >served.log
}
as_etcd_client() { served "$etcd" -cert client.crt -key client.key; }

scheduler() { # the fingerprint of the client certificate in scheduler.conf
	sed -n 's/.*client-certificate-data: //p' cp1/scheduler.conf | base64 -d | openssl x509 -outform DER | sha256sum | cut -c1-64
}
seen() { grep -q "X509SHA256=$1" audit.log; } # the API server knew the scheduler by this certificate
since() { tail -c +"$1" audit.log | grep -c "X509SHA256=$2"; } # since BYTE FINGERPRINT: how often

renew() {
	component-admin renew -q --now --no-hooks kube-apiserver etcd-server kube-scheduler
	ca-admin sync -q
	component-admin sync -q --no-hooks || [ $? -le 3 ] # those that are held
	old_api=$1 old_etcd=$2
	new_api=$(serial "$pki/apiserver.crt") new_etcd=$(serial "$pki/etcd/server.crt")
	[ "$new_api" != "$old_api" ] && [ "$new_etcd" != "$old_etcd" ]
}

expect "certificates" certificates
hooks
expect "boots" boot
if [ $failed = 0 ]; then
	cp "$pki/etcd/healthcheck-client.crt" client.crt && cp "$pki/etcd/healthcheck-client.key" client.key
	old_scheduler=$(scheduler)
	onlooker &
	onlooker=$!
	sleep 1
	began=$SECONDS
	expect "renews" renew "$(serial "$pki/apiserver.crt")" "$(serial "$pki/etcd/server.crt")"
	expect "etcd serves the new one on the next connection" [ "$(as_etcd_client)" = "$new_etcd" ]
	expect "kube-apiserver serves the new one within 60 s" within 60 grep -qx "$new_api" served.log
	took=$((SECONDS - began))
	sleep 2
	kill $onlooker
	expect "before it served the old one, and nothing else" [ "$(uniq served.log | tr '\n' ' ')" = "$old_api $new_api " ]
	expect "no handshake was refused" sh -c '! grep -q refused served.log'
	expect "kube-apiserver is the same process" kill -0 $apiserver_process
	expect "etcd is the same process" kill -0 $etcd_process
	expect "and ready" ready
	expect "status compares disk and wire" sh -c "component-admin status --live | grep -q '^pki/apiserver.crt: $api serves what is on disk'"

	new_scheduler=$(scheduler)
	expect "scheduler.conf is new" [ "$new_scheduler" != "$old_scheduler" ]
	mark=$(($(wc -c <audit.log) + 1))
	sleep 6 # it renews its lease every 2 s
	expect "kube-scheduler goes on with the old one" [ "$(since $mark "$old_scheduler")" -gt 0 ]
	expect "and never with the new one" [ "$(since 1 "$new_scheduler")" = 0 ]
	expect "the hook runs" component-admin apply
	expect "once" [ "$(wc -l <hooked)" = 1 ]
	expect "it restarts kube-scheduler, which takes the new one" within 30 seen "$new_scheduler"
	mark=$(($(wc -c <audit.log) + 1))
	sleep 3
	expect "and no longer the old one" [ "$(since $mark "$old_scheduler")" = 0 ]
	echo "kube-apiserver took $took s; $(wc -l <served.log) handshakes, none refused; the whole took $SECONDS s"
fi
[ $failed = 0 ] || tail -n 3 ./*.log
total

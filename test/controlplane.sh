#!/usr/bin/env bash
# A real control plane runs on nothing but certificates that went through the inbox: two etcd members, kube-apiserver,
# kube-controller-manager and kube-scheduler boot from component directories that only `component-admin request
# control-plane`, `ca-admin sync`, `ca-admin approve` and `component-admin sync` filled, and every certificate is put to
# use. Four forms: RSA-2048, ECDSA-P256, one issuer for all, intermediate issuers. Ends with "N passed, N failed".
#
#   bash test/controlplane.sh [rsa] [ecdsa] [single] [intermediate]
set -u
addresses="192.0.2.10 192.0.2.11 192.0.2.100" # cp1, cp2, and the endpoint that both share
. "$(dirname "$0")/kubernetes/alone.sh"

# --- certificates ---

certificates() { # certificates INIT-FLAGS…: two hosts, all of what they ask for answered
	cat >kubeadm.yaml <<-END
		apiVersion: kubeadm.k8s.io/v1beta4
		kind: InitConfiguration
		localAPIEndpoint: {advertiseAddress: 192.0.2.10}
		nodeRegistration: {name: cp1}
		---
		apiVersion: kubeadm.k8s.io/v1beta4
		kind: ClusterConfiguration
		kubernetesVersion: v1.37.2
		controlPlaneEndpoint: 192.0.2.100:6443
		networking: {dnsDomain: k8s.example}
	END
	cat >join.yaml <<-END
		apiVersion: kubeadm.k8s.io/v1beta4
		kind: JoinConfiguration
		nodeRegistration: {name: cp2}
		discovery: {bootstrapToken: {apiServerEndpoint: "192.0.2.100:6443", token: "abcdef.0123456789abcdef"}}
		controlPlane: {localAPIEndpoint: {advertiseAddress: 192.0.2.11}}
	END
	ca-admin init -q --config kubeadm.yaml --node cp2=192.0.2.11 "$@" >/dev/null || return 1
	host cp1 "$key_type" --config kubeadm.yaml || return 1
	host cp2 "$key_type" --config join.yaml --config kubeadm.yaml --sa-key cp1/pki/sa.key || return 1
	ca-admin sync -q
	component-admin -q --dir cp1 sync
	component-admin -q --dir cp2 sync
	ca-admin approve -q --yes $(ca-admin pending -o json | sed -n 's/.*"id": "\(.*\)".*/\1/p') || return 1
	component-admin -q --dir cp1 sync && component-admin -q --dir cp2 sync
}

host() { # host NAME KEY-TYPE FLAG…: a control plane's requests, by a requester that the CA knows
	local name=$1 type=$2
	shift 2
	component-admin -q --dir "$name" init --name "$name" --trust "$(ca-admin status -o json | sed -n 's/.*"trust": "\(.*\)".*/\1/p')" >/dev/null
	ca-admin enroll -q "$name" --key "$name/component-admin/identity.pub" --control-plane
	component-admin -q --dir "$name" request control-plane --key-type "$type" "$@"
}

# --- the cluster ---

etcd_member() { # etcd_member NAME ADDRESS: it holds a peer's certificate against the address the peer comes from
	start "etcd-$1" etcd --name "$1" --data-dir "etcd-$1" --log-level warn --unsafe-no-fsync --feature-gates SetMemberLocalAddr=true \
		--initial-cluster cp1=https://192.0.2.10:2380,cp2=https://192.0.2.11:2380 \
		--listen-client-urls "https://$2:2379" --advertise-client-urls "https://$2:2379" \
		--listen-peer-urls "https://$2:2380" --initial-advertise-peer-urls "https://$2:2380" \
		--client-cert-auth --trusted-ca-file "$1/pki/etcd/ca.crt" --cert-file "$1/pki/etcd/server.crt" --key-file "$1/pki/etcd/server.key" \
		--peer-client-cert-auth --peer-trusted-ca-file "$1/pki/etcd/ca.crt" --peer-cert-file "$1/pki/etcd/peer.crt" --peer-key-file "$1/pki/etcd/peer.key"
}

boot() { # as kubeadm's static pods are started
	etcd_member cp1 192.0.2.10
	etcd_member cp2 192.0.2.11
	local pki=cp1/pki
	start kube-apiserver kube-apiserver --advertise-address 192.0.2.10 --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
		--client-ca-file $pki/ca.crt --tls-cert-file $pki/apiserver.crt --tls-private-key-file $pki/apiserver.key \
		--etcd-servers https://192.0.2.10:2379,https://192.0.2.11:2379 --etcd-cafile $pki/etcd/ca.crt \
		--etcd-certfile $pki/apiserver-etcd-client.crt --etcd-keyfile $pki/apiserver-etcd-client.key \
		--kubelet-certificate-authority $pki/ca.crt --kubelet-preferred-address-types InternalIP \
		--kubelet-client-certificate $pki/apiserver-kubelet-client.crt --kubelet-client-key $pki/apiserver-kubelet-client.key \
		--requestheader-client-ca-file $pki/front-proxy-ca.crt --requestheader-allowed-names front-proxy-client \
		--requestheader-username-headers X-Remote-User --requestheader-group-headers X-Remote-Group --requestheader-extra-headers-prefix X-Remote-Extra- \
		--proxy-client-cert-file $pki/front-proxy-client.crt --proxy-client-key-file $pki/front-proxy-client.key \
		--service-account-issuer https://kubernetes.default.svc.k8s.example --service-account-key-file $pki/sa.pub \
		--service-account-signing-key-file $pki/sa.key --service-cluster-ip-range 10.96.0.0/12
	within 90 ready || return 1
	start kube-controller-manager kube-controller-manager --kubeconfig cp1/controller-manager.conf --authentication-kubeconfig cp1/controller-manager.conf \
		--authorization-kubeconfig cp1/controller-manager.conf --client-ca-file $pki/ca.crt --requestheader-client-ca-file $pki/front-proxy-ca.crt \
		--root-ca-file $pki/ca.crt --service-account-private-key-file $pki/sa.key --use-service-account-credentials
	start kube-scheduler kube-scheduler --kubeconfig cp1/scheduler.conf --authentication-kubeconfig cp1/scheduler.conf \
		--authorization-kubeconfig cp1/scheduler.conf
}

as() { kubectl --kubeconfig "cp1/$1.conf" "${@:2}"; } # as NAME KUBECTL-ARGUMENTS…
ready() { [ "$(as super-admin get --raw /readyz 2>/dev/null)" = ok ]; }

api() { # api METHOD PATH CURL-FLAG…: the API server's answer, verified as a client would
	curl -sS --max-time 10 --cacert cp1/pki/ca.crt -X "$1" "https://192.0.2.100:6443$2" "${@:3}"
}
user() { # user CERTIFICATE KEY CURL-FLAG…: who the API server says this is
	api POST /apis/authentication.k8s.io/v1/selfsubjectreviews --cert "$1" --key "$2" -H 'Content-Type: application/json' "${@:3}" \
		-d '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}' >review
	sed -n 's/.*"username": *"\([^"]*\)".*/\1/p' review
}

# --- what must hold ---

running() {
	expect "/readyz" within 10 ready
	local member
	for member in 10 11; do
		expect "etcd 192.0.2.$member is healthy to the probe" curl -sSf --max-time 10 --cacert cp1/pki/etcd/ca.crt \
			--cert cp1/pki/etcd/healthcheck-client.crt --key cp1/pki/etcd/healthcheck-client.key "https://192.0.2.$member:2379/health"
	done
	expect "etcd refuses who has no certificate" refused '^curl:' curl -sSf --cacert cp1/pki/etcd/ca.crt https://192.0.2.10:2379/health
	expect "the controller manager holds its lease" within 60 holds kube-controller-manager
	expect "the scheduler holds its lease" within 60 holds kube-scheduler
}
holds() { as super-admin -n kube-system get lease "$1" -o 'jsonpath={.spec.holderIdentity}' 2>/dev/null | grep -q .; }

identities() {
	local whoami='jsonpath={.status.userInfo.username} {.status.userInfo.groups}'
	expect "admin" says 'kubernetes-admin ["kubeadm:cluster-admins","system:authenticated"]' as admin auth whoami -o "$whoami"
	expect "super-admin" says 'kubernetes-super-admin ["system:masters","system:authenticated"]' as super-admin auth whoami -o "$whoami"
	expect "scheduler" says 'system:kube-scheduler ["system:authenticated"]' as scheduler auth whoami -o "$whoami"
	expect "controller manager" says 'system:kube-controller-manager ["system:authenticated"]' as controller-manager auth whoami -o "$whoami"
	expect "node" says 'system:node:cp1 ["system:nodes","system:authenticated"]' as kubelet auth whoami -o "$whoami"
	expect "the other host's node" says 'system:node:cp2 ["system:nodes","system:authenticated"]' kubectl --kubeconfig cp2/kubelet.conf auth whoami -o "$whoami"
	# What the release wants beside the certificates, as `ca-admin profiles NAME` prints it.
	local profile
	expect "admin may nothing yet" refused '^no$' as admin auth can-i '*' '*'
	for profile in admin apiserver-kubelet-client; do
		ca-admin profiles "$profile" --kubernetes 1.37.2 >"$profile.yaml"
		expect "the manifest of $profile applies" as super-admin apply -f "$profile.yaml"
	done
	expect "admin may everything" within 10 says yes as admin auth can-i '*' '*'
	expect "the API server may read a kubelet's logs" within 10 says yes as super-admin auth can-i get nodes/log --as kube-apiserver-kubelet-client
	expect "the API server's kubelet client may nothing else" refused '^no$' as super-admin auth can-i get secrets --as kube-apiserver-kubelet-client
}

controllers() {
	expect "a namespace" as admin create namespace judged
	expect "it gets its service account" within 30 as admin -n judged get serviceaccount default
	expect "it gets kube-root-ca.crt" within 30 as admin -n judged get configmap kube-root-ca.crt
	as admin -n judged get configmap kube-root-ca.crt -o 'jsonpath={.data.ca\.crt}' >root.crt
	expect "which is our ca.crt" cmp root.crt cp1/pki/ca.crt
	expect "a token of the service account" as admin -n judged create token default
	cp log token
	expect "by which it is known" says system:serviceaccount:judged:default token_user
	expect "a pod" as admin apply -f <(pod nowhere '')
	expect "it cannot be scheduled, and its event says so" within 30 unscheduled
}
token_user() { api POST /apis/authentication.k8s.io/v1/selfsubjectreviews -H "Authorization: Bearer $(cat token)" -H 'Content-Type: application/json' \
	-d '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}' | sed -n 's/.*"username": *"\([^"]*\)".*/\1/p'; }
unscheduled() { as admin -n judged get events --field-selector reason=FailedScheduling,involvedObject.name=nowhere -o name | grep -q .; }
pod() { # pod NAME NODE
	printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: %s, namespace: judged}\nspec: {nodeName: "%s", containers: [{name: c, image: none}], tolerations: [{operator: Exists}]}\n' "$1" "$2"
}

front_proxy() { # a user in a header counts from the front proxy's client alone
	expect "X-Remote-User of the front proxy's client" says alice user cp1/pki/front-proxy-client.crt cp1/pki/front-proxy-client.key -H 'X-Remote-User: alice'
	embedded scheduler
	expect "X-Remote-User of another client" says system:kube-scheduler user scheduler.crt scheduler.key -H 'X-Remote-User: alice' -H 'X-Remote-Group: system:masters'
	expect "X-Remote-User of nobody" within 5 says system:anonymous user_nobody # an answer may break off
}
embedded() { # embedded NAME: a kubeconfig's pair as NAME.crt, NAME.key
	sed -n 's/.*client-certificate-data: //p' "cp1/$1.conf" | base64 -d >"$1.crt"
	sed -n 's/.*client-key-data: //p' "cp1/$1.conf" | base64 -d >"$1.key"
}
user_nobody() { api POST /apis/authentication.k8s.io/v1/selfsubjectreviews -H 'X-Remote-User: alice' -H 'Content-Type: application/json' \
	-d '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}' | grep -o 'system:anonymous\|alice' | sort -u; } # who it is, or who is refused

logs() { # the API server reaches a kubelet's TLS server that demands its client certificate; openssl plays the kubelet
	cat >node.yaml <<-END
		apiVersion: v1
		kind: Node
		metadata: {name: cp1}
		status: {addresses: [{type: InternalIP, address: 192.0.2.10}], daemonEndpoints: {kubeletEndpoint: {Port: 10250}}}
	END
	expect "the kubelet registers its node" as kubelet create -f node.yaml
	expect "but no other's" refused 'not allowed to modify node' as kubelet create -f <(sed 's/name: cp1/name: cp2/' node.yaml)
	expect "a pod on it" as admin apply -f <(pod here cp1)
	mkdir -p served/containerLogs/judged/here
	echo "a line of the log" >served/containerLogs/judged/here/c
	start kubelet sh -c 'cd served && exec openssl s_server -accept 192.0.2.10:10250 -WWW -cert ../cp1/kubelet/pki/kubelet.crt -key ../cp1/kubelet/pki/kubelet.key \
		-cert_chain ../cp1/kubelet/pki/kubelet.crt -CAfile ../cp1/pki/ca.crt -partial_chain -Verify 3 -verify_return_error'
	expect "kubectl logs" within 15 says "a line of the log" as admin -n judged logs here
	expect "it showed the kubelet client's certificate" grep -q 'kube-apiserver-kubelet-client' kubelet.log
	expect "without a certificate there is nothing" refused '^curl:' curl -sSf --cacert cp1/pki/ca.crt https://192.0.2.10:10250/containerLogs/judged/here/c
}

refusals() {
	expect "a name that is not in the certificate" refused 'valid for' as super-admin --tls-server-name other.example get --raw /readyz
	expect "every name that is" names
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.crt -subj /O=system:masters/CN=kubernetes-super-admin -days 2 2>/dev/null
	expect "a client certificate of another CA" refused '401\|Unauthorized\|unknown' client other.crt other.key
	expired
	expect "a client certificate that has expired" refused '401\|Unauthorized\|expired' client expired.crt other.key
	expect "a server certificate as a client's" refused '401\|Unauthorized' client cp1/pki/apiserver.crt cp1/pki/apiserver.key
	[ "$form" = single ] || apart
}
apart() { # three issuers keep three circles apart, also where they have one root
	expect "an etcd client before the API server" refused '401\|Unauthorized' client cp1/pki/apiserver-etcd-client.crt cp1/pki/apiserver-etcd-client.key
	expect "the front proxy's client as the cluster's" refused '401\|Unauthorized' client cp1/pki/front-proxy-client.crt cp1/pki/front-proxy-client.key
	embedded kubelet
	expect "a kubelet before etcd" refused '^curl:' curl -sSf --max-time 10 --cacert cp1/pki/etcd/ca.crt --cert kubelet.crt --key kubelet.key https://192.0.2.10:2379/health
}
client() { api GET /api/v1/secrets --fail-with-body --cert "$1" --key "$2"; }
names() {
	local name
	for name in cp1 kubernetes kubernetes.default kubernetes.default.svc kubernetes.default.svc.k8s.example 10.96.0.1 192.0.2.10 192.0.2.100; do
		[ "$(as super-admin --tls-server-name "$name" get --raw /readyz)" = ok ] || return 1
	done
}
expired() { # a certificate of our own CA that ended long ago: kubernetes-super-admin, signed by openssl with the CA's key
	printf '[ca]\ndefault_ca=d\n[d]\ndatabase=index\nnew_certs_dir=.\nrand_serial=yes\ndefault_md=sha256\npolicy=p\nx509_extensions=x\n[p]\ncommonName=supplied\norganizationName=optional\n[x]\nextendedKeyUsage=clientAuth\n' >openssl.conf
	: >index
	openssl req -new -key other.key -subj /O=system:masters/CN=kubernetes-super-admin -out other.csr
	openssl ca -batch -config openssl.conf -cert ca/ca.crt -keyfile ca/ca.key -in other.csr -out expired.crt -notext \
		-startdate 20200101000000Z -enddate 20210101000000Z 2>openssl.log || cat openssl.log
}

judge() { # judge FORM KEY-TYPE INIT-FLAGS…
	form=$1 key_type=$2
	local since=$SECONDS before=$failed
	mkdir "$work/$form" && cd "$work/$form" || exit 1
	expect "certificates of two control planes" certificates "${@:3}"
	expect "boots" boot
	if ready; then running && identities && controllers && front_proxy && logs && refusals; fi
	[ "$failed" = "$before" ] || tail -n 3 ./etcd-*.log ./kube*.log
	stop
	echo "$form: $((SECONDS - since)) s"
}

forms=" ${*:-rsa ecdsa single intermediate} "
[[ $forms != *" rsa "* ]] || judge rsa RSA-2048 --key-type RSA-2048
[[ $forms != *" ecdsa "* ]] || judge ecdsa ECDSA-P256 --key-type ECDSA-P256
[[ $forms != *" single "* ]] || judge single ECDSA-P256 --issuer ca --key-type ECDSA-P256
if [[ $forms == *" intermediate "* ]]; then
	bash "$work/bin/intermediates.sh" "$work/intermediates" || exit 1
	judge intermediate ECDSA-P256 --import-pki "$work/intermediates"
fi
total

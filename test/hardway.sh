#!/usr/bin/env bash
# A cluster that was made by hand is taken over while it lives: all its files are NAME.pem and NAME-key.pem, or kubeconfigs
# that embed them, as guides make them with cfssl, or with openssl. Its etcd and kube-apiserver first run on what was made
# by hand, then on what `component-admin request --from-pki` asked for and the exchange brought: the same keys, the same
# names, the same data, and kubectl, curl and tokens get their answers as before. Two forms: cfssl, openssl. Ends with
# "N passed, N failed".
#
#   bash test/hardway.sh [cfssl] [openssl]
set -u
addresses=192.0.2.10
prepare() { ln -s "$(sh test/cfssl/build.sh | tail -1)"/* "$work/bin/"; }
. "$(dirname "$0")/kubernetes/alone.sh"

# --- a cluster by hand, in ./pki ---

# What is made: NAME, common name, organisation, names.
certificates() {
	cat <<-END
		admin admin system:masters -
		kubernetes kubernetes k8s 127.0.0.1,192.0.2.10,10.254.0.1,kubernetes,kubernetes.default,kubernetes.default.svc
		etcd etcd k8s 127.0.0.1,192.0.2.10
		kube-controller-manager system:kube-controller-manager system:kube-controller-manager 127.0.0.1,192.0.2.10
		kube-scheduler system:kube-scheduler system:kube-scheduler -
		kube-proxy system:kube-proxy system:node-proxier -
		w1 system:node:w1 system:nodes w1,192.0.2.21
		proxy-client aggregator k8s -
		service-account service-accounts k8s -
	END
}

with_cfssl() { # every certificate is a server's and a client's, with the attributes of cfssl's form
	local form='{"CN":"%s","hosts":[%s],"key":{"algo":"rsa","size":2048},"names":[{"C":"DE","L":"Bonn","O":"%s","OU":"System"}]}'
	printf "$form" by-hand '' k8s >form.json # another subject than any below it has: openssl would take that for self-signed
	cfssl gencert -initca form.json 2>/dev/null | cfssljson -bare ca || return 1
	echo '{"signing":{"profiles":{"all":{"expiry":"8760h","usages":["signing","key encipherment","server auth","client auth"]}}}}' >config.json
	while read -r name common organisation names; do
		names=$(echo "$names" | sed 's/^-$//; s/[^,][^,]*/"&"/g')
		printf "$form" "$common" "$names" "$organisation" >form.json
		cfssl gencert -ca ca.pem -ca-key ca-key.pem -config config.json -profile all form.json 2>/dev/null | cfssljson -bare "$name" || return 1
	done < <(certificates)
	rm ./*.json ./*.csr
}

with_openssl() { # no certificate says what it is for
	openssl req -x509 -newkey rsa:2048 -nodes -keyout ca-key.pem -out ca.pem -days 3650 -subj /CN=kubernetes \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign || return 1
	while read -r name common organisation names; do
		names=$(echo "$names" | sed 's/^-$//; s/[0-9][0-9.]*[0-9]\(,\|$\)/IP:&/g; s/\(^\|,\)\([a-z]\)/\1DNS:\2/g')
		printf 'basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature,keyEncipherment\n%s\n' "${names:+subjectAltName=$names}" >extensions
		openssl req -new -newkey rsa:2048 -nodes -keyout "$name-key.pem" -subj "/O=$organisation/CN=$common" -out csr || return 1
		openssl x509 -req -in csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 365 -extfile extensions -out "$name.pem" || return 1
	done < <(certificates)
	rm -f csr extensions ca.srl
}

kubeconfigs() { # as the guides write them: everything embedded, context "default"
	local name user
	for name in admin kube-controller-manager kube-scheduler kube-proxy w1; do
		user=$(certificates | sed -n "s/^$name \([^ ]*\) .*/\1/p")
		kubectl config set-cluster by-hand --certificate-authority ca.pem --embed-certs --server https://192.0.2.10:6443 --kubeconfig "$name.kubeconfig"
		kubectl config set-credentials "$user" --client-certificate "$name.pem" --client-key "$name-key.pem" --embed-certs --kubeconfig "$name.kubeconfig"
		kubectl config set-context default --cluster by-hand --user "$user" --kubeconfig "$name.kubeconfig"
		kubectl config use-context default --kubeconfig "$name.kubeconfig"
	done
}

made() { # made HOW
	mkdir -p pki && (cd pki && "with_$1" && kubeconfigs) && sha256sum pki/[^c]*-key.pem >keys.kept
}

# --- what runs on it ---

boot() { # the guides' flags: one certificate is the API server's as a server, before etcd and before kubelets
	start etcd etcd --name cp1 --data-dir data --log-level warn --unsafe-no-fsync --initial-cluster cp1=https://192.0.2.10:2380 \
		--listen-client-urls https://192.0.2.10:2379 --advertise-client-urls https://192.0.2.10:2379 \
		--listen-peer-urls https://192.0.2.10:2380 --initial-advertise-peer-urls https://192.0.2.10:2380 \
		--client-cert-auth --trusted-ca-file pki/ca.pem --cert-file pki/etcd.pem --key-file pki/etcd-key.pem \
		--peer-client-cert-auth --peer-trusted-ca-file pki/ca.pem --peer-cert-file pki/etcd.pem --peer-key-file pki/etcd-key.pem
	start kube-apiserver kube-apiserver --advertise-address 192.0.2.10 --authorization-mode Node,RBAC --enable-admission-plugins NodeRestriction \
		--client-ca-file pki/ca.pem --tls-cert-file pki/kubernetes.pem --tls-private-key-file pki/kubernetes-key.pem \
		--etcd-servers https://192.0.2.10:2379 --etcd-cafile pki/ca.pem --etcd-certfile pki/kubernetes.pem --etcd-keyfile pki/kubernetes-key.pem \
		--kubelet-certificate-authority pki/ca.pem --kubelet-client-certificate pki/kubernetes.pem --kubelet-client-key pki/kubernetes-key.pem \
		--requestheader-client-ca-file pki/ca.pem --requestheader-allowed-names aggregator --requestheader-username-headers X-Remote-User \
		--proxy-client-cert-file pki/proxy-client.pem --proxy-client-key-file pki/proxy-client-key.pem \
		--service-account-issuer https://kubernetes.default.svc --service-account-key-file pki/service-account.pem \
		--service-account-signing-key-file pki/service-account-key.pem --service-cluster-ip-range 10.254.0.0/16
	within 90 ready
}

as() { kubectl --kubeconfig "pki/$1.kubeconfig" "${@:2}"; } # as NAME KUBECTL-ARGUMENTS…
ready() { [ "$(as admin get --raw /readyz 2>/dev/null)" = ok ]; }
status() { curl -sS --max-time 10 --cacert pki/ca.pem -o body -w '%{http_code}' "$@"; } # status CURL-ARGUMENT…
pair() { status --cert "pki/$1.pem" --key "pki/$1-key.pem" "https://192.0.2.10:6443$2"; } # pair NAME PATH
user() { # user NAME CURL-FLAG…: who the API server says that the holder of a pair is
	status -X POST --cert "pki/$1.pem" --key "pki/$1-key.pem" -H 'Content-Type: application/json' "${@:2}" \
		-d '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}' \
		https://192.0.2.10:6443/apis/authentication.k8s.io/v1/selfsubjectreviews >/dev/null
	sed -n 's/.*"username": *"\([^"]*\)".*/\1/p' body
}

works() { # works WHEN: what must hold before and after
	local node
	expect "$1: an administrator reads secrets" says 200 pair admin /api/v1/secrets
	expect "$1: kubectl, too" as admin get namespaces
	expect "$1: etcd serves its client" says 200 status --cert pki/kubernetes.pem --key pki/kubernetes-key.pem https://192.0.2.10:2379/health
	expect "$1: etcd refuses who has no certificate" refused '^curl:' status https://192.0.2.10:2379/health
	expect "$1: the API server is the same user before kubelets" says kubernetes user kubernetes
	expect "$1: X-Remote-User of the aggregator" says alice user proxy-client -H 'X-Remote-User: alice'
	for node in kube-controller-manager kube-scheduler kube-proxy; do
		expect "$1: $node" says "system:$node" as "$node" auth whoami -o 'jsonpath={.status.userInfo.username}'
	done
	expect "$1: a node" says 'system:node:w1 ["system:nodes","system:authenticated"]' as w1 auth whoami -o 'jsonpath={.status.userInfo.username} {.status.userInfo.groups}'
	for node in kubernetes kubernetes.default.svc 10.254.0.1 192.0.2.10; do
		expect "$1: the API server is $node" says ok as admin --tls-server-name "$node" get --raw /readyz
	done
	expect "$1: a token that was given before" says system:serviceaccount:default:by-hand token_user
}
token_user() {
	status -X POST -H "Authorization: Bearer $(cat token)" -H 'Content-Type: application/json' \
		-d '{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}' \
		https://192.0.2.10:6443/apis/authentication.k8s.io/v1/selfsubjectreviews >/dev/null
	sed -n 's/.*"username": *"\([^"]*\)".*/\1/p' body
}
given() { # what the cluster stored before: a service account, and its token
	as admin create serviceaccount by-hand && as admin create token by-hand --duration 24h >token
}

# --- it is taken over ---

adopted() {
	local trust
	trust=$(ca-admin init -q --issuer ca --import-cert pki/ca.pem --import-key pki/ca-key.pem) || return 1
	mv pki/ca-key.pem ca-key.before # the CA's host has it from now on
	component-admin -q --dir pki init --name by-hand --trust "$trust" >/dev/null || return 1
	component-admin -q --dir pki config --layout pem >/dev/null || return 1
	ca-admin enroll -q by-hand --key pki/component-admin/identity.pub --profile peer,client,super-admin,kube-controller-manager \
		--profile kube-scheduler,kube-proxy,kubelet,kubelet-serving --node w1 --dns kubernetes,kubernetes.default,kubernetes.default.svc \
		--ip 127.0.0.1,192.0.2.10,10.254.0.1,192.0.2.21 --user aggregator --group k8s || return 1
	component-admin --dir pki request --from-pki >asked 2>&1 || { cat asked; return 1; }
	answered
}
answered() { # only the administrator's certificate waits for a person: all others are inside the scope
	ca-admin sync >served 2>&1
	grep -q 'issued 8, held 1, denied 0' served || { cat asked served; return 1; }
	ca-admin approve -q --yes $(ca-admin pending -o json | sed -n 's/.*"id": "\(.*\)".*/\1/p') || return 1
	component-admin -q --dir pki sync
}

new() { # every certificate but two, by the CA's serials, and the same in the kubeconfigs
	local name serials
	serials=$(ca-admin list -o json | sed -n 's/.*"serial": "\(.*\)".*/\1/p')
	for name in $(certificates | cut -d' ' -f1); do
		[ "$name" = service-account ] && continue
		echo "$serials" | grep -qi "^$(serial <"pki/$name.pem")$" || { echo "$name.pem"; return 1; }
	done
	for name in pki/*.kubeconfig; do
		sed -n 's/.*client-certificate-data: //p' "$name" | base64 -d >embedded
		echo "$serials" | grep -qi "^$(serial <embedded)$" || { echo "$name"; return 1; }
	done
}
serial() { openssl x509 -noout -serial | cut -d= -f2; }
fits() { # every pair, and what the kubeconfigs have
	local name
	for name in $(certificates | cut -d' ' -f1); do
		[ "$(openssl x509 -in "pki/$name.pem" -noout -pubkey)" = "$(openssl pkey -in "pki/$name-key.pem" -pubout)" ] || { echo "$name"; return 1; }
		openssl verify -CAfile pki/ca.pem "pki/$name.pem" || return 1
	done
}
healthy() { component-admin --dir pki doctor >findings && ! grep . findings; }

judge() { # judge FORM
	form=$1
	local since=$SECONDS before=$failed
	mkdir "$work/$form" && cd "$work/$form" || exit 1
	expect "made by hand" made "$form"
	expect "boots on what was made by hand" boot
	expect "a service account and its token" given
	works before
	stop
	expect "all is adopted" adopted
	expect "the administrator's new name is said" grep -q 'CN="kubernetes-super-admin", O="system:masters", until now CN="admin"' asked
	expect "the key pair of service accounts stays" grep -q 'service-account.pem: it stays as it is' asked
	expect "every certificate is the CA's" new
	expect "every key is the same" sha256sum -c --quiet keys.kept
	expect "and fits" fits
	expect "the doctor finds nothing" healthy
	expect "boots on what was adopted" boot
	works after
	expect "renewed" renewed
	expect "with new keys" refused FAILED sha256sum -c keys.kept
	expect "that fit" fits
	works renewed
	[ "$failed" = "$before" ] || tail -n 3 ./etcd.log ./kube-apiserver.log
	stop
	echo "$form: $((SECONDS - since)) s"
}
renewed() { # beside the running cluster, which takes the new files up by itself
	component-admin --dir pki renew --now >asked 2>&1 || [ $? = 3 ] || { cat asked; return 1; } # 3: they wait
	answered && within 90 shown
}
shown() { # the API server shows the certificate that lies there now
	openssl s_client -connect 192.0.2.10:6443 </dev/null 2>/dev/null | openssl x509 -outform DER | cmp - <(openssl x509 -in pki/kubernetes.pem -outform DER)
}

forms=" ${*:-cfssl openssl} "
[[ $forms != *" cfssl "* ]] || judge cfssl
[[ $forms != *" openssl "* ]] || judge openssl
total

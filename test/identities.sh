#!/usr/bin/env bash
# Whom a certificate makes its owner, judged by a real kube-apiserver, etcd, kubectl and openssl: a user by her group,
# nobody under a name that no scope grants, Prometheus before etcd, a webhook's Secret, an issuer below a parent, and a CA
# below an issuer. Ends with "N passed, N failed".
set -u
addresses=192.0.2.10
. "$(dirname "$0")/kubernetes/alone.sh"

cd "$work" || exit 1
api=https://192.0.2.10:6443 etcd=https://192.0.2.10:2379
pki=$work/cp1/pki

# --- a control plane ---

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
	ca-admin init -q --config kubeadm.yaml --key-type ECDSA-P256 --path-len 1 >trust || return 1
	cat >>ca/policy.yaml <<-END
		profiles:
		  prometheus-etcd:
		    like: client
		    issuer: etcd-ca
		    commonName: prometheus
		    organizations: []
		    keyTypes: [ECDSA-P256]
		    days: 30
		    maxDays: 90
	END
	host cp1 --control-plane || return 1
	asks cp1 control-plane --config kubeadm.yaml
	ca-admin sync -q
	component-admin -q --dir cp1 sync
	ca-admin approve -q --yes $(waiting) || return 1
	component-admin -q --dir cp1 sync
}
host() { # host NAME ENROLL-FLAG…: a requester that the CA knows
	component-admin -q --dir "$1" init --name "$1" --trust "$(cat trust)" >/dev/null || return 1
	ca-admin enroll -q "$1" --key "$1/component-admin/identity.pub" "${@:2}"
}
asks() { component-admin -q --dir "$1" request --key-type ECDSA-P256 "${@:2}"; } # asks HOST REQUEST-ARGUMENTS…
waiting() { ca-admin pending -o json | sed -n 's/.*"id": "\(.*\)".*/\1/p'; }    # ids of what is held
answered() { ca-admin sync -q; component-admin -q --dir "$1" sync; }             # answered HOST

boot() {
	etcd --name cp1 --data-dir etcd --log-level warn --unsafe-no-fsync --listen-client-urls $etcd --advertise-client-urls $etcd \
		--initial-cluster cp1=https://192.0.2.10:2380 --listen-peer-urls https://192.0.2.10:2380 --initial-advertise-peer-urls https://192.0.2.10:2380 \
		--client-cert-auth --trusted-ca-file "$pki/etcd/ca.crt" --cert-file "$pki/etcd/server.crt" --key-file "$pki/etcd/server.key" \
		--peer-client-cert-auth --peer-trusted-ca-file "$pki/etcd/ca.crt" --peer-cert-file "$pki/etcd/peer.crt" --peer-key-file "$pki/etcd/peer.key" >etcd.log 2>&1 &
	kube-apiserver --advertise-address 192.0.2.10 --authorization-mode Node,RBAC --client-ca-file "$pki/ca.crt" \
		--tls-cert-file "$pki/apiserver.crt" --tls-private-key-file "$pki/apiserver.key" --etcd-servers $etcd --disable-admission-plugins ServiceAccount \
		--etcd-cafile "$pki/etcd/ca.crt" --etcd-certfile "$pki/apiserver-etcd-client.crt" --etcd-keyfile "$pki/apiserver-etcd-client.key" \
		--service-account-issuer https://kubernetes.default.svc --service-account-key-file "$pki/sa.pub" \
		--service-account-signing-key-file "$pki/sa.key" --service-cluster-ip-range 10.96.0.0/12 >apiserver.log 2>&1 &
	within 90 ready
}
as() { kubectl --kubeconfig "$1" "${@:2}"; } # as KUBECONFIG KUBECTL-ARGUMENTS…
admin() { as cp1/super-admin.conf "$@"; }
ready() { [ "$(admin get --raw /readyz 2>/dev/null)" = ok ]; }

# --- people ---

people() { # jane has what her group's binding gives her; bob's name, which may do everything, is had by nobody
	expect "a role for dev-team" admin create role reader --verb get,list --resource pods
	expect "bound to the group" admin create rolebinding reader --role reader --group dev-team
	expect "bob may do everything" admin create clusterrolebinding bob --clusterrole cluster-admin --user bob
	expect "a pod and a secret" objects
	expect "jane asks" jane
	expect "her kubeconfig works unchanged" says 'jane ["dev-team","system:authenticated"]' \
		as jane/jane.conf auth whoami -o 'jsonpath={.status.userInfo.username} {.status.userInfo.groups}'
	expect "jane lists pods: 200" status 200 pods
	expect "and sees the one there" says pod/here as jane/jane.conf get pods -o name
	expect "jane reads no secret: 403" status 403 secrets/key
	expect "nor lists them: 403" status 403 secrets
	expect "kubectl says why" refused 'User "jane" cannot get resource "secrets"' as jane/jane.conf get secret key

	expect "a requester without users" host mallory --profile user,client,server --dns '*.example'
	expect "asks for bob as user" asks mallory user bob --server $api
	expect "and as client" asks mallory client --common-name bob --out pki/client.crt
	expect "and by a server's common name" plain exchange bob /CN=bob -addext subjectAltName=DNS:a.example
	expect "all are held, or have another name" answered_late mallory
	expect "for the user" sh -c 'ca-admin pending -o json | grep -q scope-user'
	expect "no certificate has the name" nobody bob
	expect "and mallory has no kubeconfig" [ ! -e mallory/bob.conf ]
}
jane() {
	host jane --profile user --user jane --group dev-team && asks jane user jane --group dev-team --server $api && answered jane
}
objects() {
	admin create secret generic key --from-literal a=b &&
		admin create -f <(printf 'apiVersion: v1\nkind: Pod\nmetadata: {name: here}\nspec: {containers: [{name: c, image: none}]}\n')
}
status() { # status CODE RESOURCE: what the API server answers jane, as kubectl logs it
	as jane/jane.conf get --raw "/api/v1/namespaces/default/$2" -v 8 >/dev/null 2>answer
	grep -q "status=\"$1 " answer || { tail -3 answer; return 1; }
}
plain() { # plain EXCHANGE NAME SUBJECT OPENSSL-FLAG…: a request as tutorials make it
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$2.key" -subj "$3" "${@:4}" -out "$1/inbox/$2.csr"
}
answered_late() { # answered_late HOST: exit status 3, something is left open
	ca-admin sync -q
	component-admin -q --dir "$1" sync
	[ $? = 3 ]
}
nobody() { # nobody NAME: no certificate, issued or published, has the common name
	local file
	! ca-admin list --all -o json | grep -q "CN=\\\\\"$1\\\\\"" || return 1
	for file in exchange/outbox/*.crt; do
		openssl x509 -in "$file" -noout -subject -nameopt multiline | grep -q "commonName *= $1\$" && return 1
	done
	return 0
}

# --- Prometheus ---

prometheus() { # etcd trusts its own issuer alone
	expect "a host for Prometheus" host mon1 --profile prometheus-etcd,client --user prometheus
	expect "it asks for the policy's own profile" asks mon1 prometheus-etcd --like client --issuer etcd-ca --common-name prometheus --out pki/etcd/prometheus.crt
	expect "and for a client of issuer ca" asks mon1 client --common-name prometheus
	expect "both are answered" answered mon1
	expect "etcd takes the one of its issuer" metrics mon1/pki/etcd/prometheus
	expect "it is whom the profile says" says 'subject=CN = prometheus' openssl x509 -in mon1/pki/etcd/prometheus.crt -noout -subject -nameopt oneline
	expect "etcd refuses the one of issuer ca" refused '^curl:' metrics mon1/pki/prometheus
	expect "its log says why" grep -q 'certificate signed by unknown authority' etcd.log
}
metrics() { # metrics PAIR: read with this certificate and key
	curl -sSf --max-time 10 --cacert "$pki/etcd/ca.crt" --cert "$1.crt" --key "$1.key" $etcd/metrics | grep -q '^etcd_server_has_leader 1'
}

# --- an issuer below a parent, and a webhook's Secret ---

below() {
	expect "a corporate root" root
	expect "an issuer's request" corp init -q --parent-request --issuer ca --key-type ECDSA-P256 --trust-inbox --exchange corp-exchange
	expect "a request meanwhile" plain corp-exchange early /CN=early -addext subjectAltName=DNS:early.example
	expect "is held" early
	expect "the root signs" signed corp/ca.csr corp.crt 'basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\n'
	expect "the issuer is adopted" adopted
	expect "a host of it" hooks
	expect "a Secret" secret
	expect "kubectl accepts it" admin create --dry-run=client -f secret.yaml
	expect "the API server takes it" admin create -f secret.yaml
	admin get secret hooks-tls -o 'jsonpath={.data.tls\.crt}' | base64 -d >tls.crt
	admin get secret hooks-tls -o 'jsonpath={.data.tls\.key}' | base64 -d >tls.key
	expect "tls.crt is leaf and chain" says 2 grep -c BEGIN tls.crt
	expect "without the root" chained
	openssl s_server -accept 192.0.2.10:9443 -www -cert tls.crt -cert_chain tls.crt -key tls.key >server.log 2>&1 &
	expect "a client that knows the root alone accepts it" within 10 greets -verify_hostname a.hooks.svc
	expect "and under no other name" refused 'hostname mismatch' greets -verify_hostname b.hooks.svc
	expect "curl does, too" curl -sSf --max-time 10 -o /dev/null --cacert root.crt --resolve a.hooks.svc:9443:192.0.2.10 https://a.hooks.svc:9443/
	expect "what was held is decided by itself" [ -s corp-exchange/outbox/early.crt ]
}
corp() { ca-admin --dir corp "$@"; }
root() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -out root.crt -subj /CN=corporate-root -days 3650 -addext keyUsage=critical,keyCertSign,cRLSign
}
signed() { # signed CSR CERTIFICATE EXTENSIONS: by the root
	openssl x509 -req -in "$1" -CA root.crt -CAkey root.key -days 2000 -extfile <(printf "$3") -out "$2"
}
early() { corp sync -q; grep -q issuer-absent corp-exchange/outbox/early.held.json; }
adopted() { cat root.crt corp.crt >corp.pem && corp issuer adopt ca corp.pem >corp-trust && grep -q '^sha256:' corp-trust; }
hooks() {
	component-admin -q --dir hooks init --name hooks --trust "$(cat corp-trust)" --exchange "$work/corp-exchange" >/dev/null &&
		corp enroll -q hooks --key hooks/component-admin/identity.pub --profile server --dns '*.hooks.svc'
}
secret() {
	corp watch -q --poll 200ms >watch.log 2>&1 &
	component-admin -q --dir hooks request server --dns a.hooks.svc --secret hooks-tls --namespace default --wait 20s >secret.yaml
}
chained() { openssl verify -CAfile root.crt -untrusted tls.crt tls.crt && ! openssl storeutl -noout -text -certs tls.crt | grep -q 'Subject: CN *= *corporate-root'; }
greets() { # greets S_CLIENT-FLAG…
	openssl s_client -connect 192.0.2.10:9443 -CAfile root.crt -verify_return_error "$@" </dev/null
}

# --- a CA below an issuer ---

authority() { # as k3s wants one: it signs servers below .prod.example, and nothing else
	local key='ec -pkeyopt ec_paramgen_curve:P-256'
	openssl req -new -newkey $key -nodes -keyout k3s.key -subj /CN=k3s-prod -out k3s.csr \
		-addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
	cp k3s.csr exchange/inbox/
	ca-admin sync -q
	expect "the inbox makes nobody an authority" grep -q '"code": "authority"' exchange/outbox/k3s.held.json
	expect "a person signs it, who types its name" typed k3s-prod "ca-admin sign k3s.csr --authority --permit-dns .prod.example"
	expect "a server below .prod.example" leaf k3s api.prod.example
	expect "is accepted" verified k3s.crt -purpose sslserver
	expect "as a server alone" refused 'unsuitable certificate purpose' verified k3s.crt -purpose sslclient
	expect "a server elsewhere" leaf k3s api.other.example
	expect "is refused" refused 'permitted subtree violation' verified k3s.crt -purpose sslserver
	expect "an address" leaf k3s api.prod.example ,IP:192.0.2.10
	expect "is refused" refused 'excluded subtree violation' verified k3s.crt
	openssl req -new -newkey $key -nodes -keyout low.key -subj /CN=low -out low.csr 2>/dev/null
	expect "a CA below it" openssl x509 -req -in low.csr -CA k3s.crt -CAkey k3s.key -days 30 -out low.crt \
		-extfile <(printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign\n')
	expect "signs a server" leaf low api.prod.example
	expect "which is refused" refused 'path length constraint exceeded' verified <(cat low.crt k3s.crt)
	expect "it is listed apart" sh -c 'ca-admin list --authorities | grep -q authority@k3s-prod && ! ca-admin list -o json | grep -q k3s-prod'
}
leaf() { # leaf CA NAME [MORE-NAMES]: leaf.crt, signed with openssl
	openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout leaf.key -subj "/CN=$2" -out leaf.csr &&
		openssl x509 -req -in leaf.csr -CA "$1.crt" -CAkey "$1.key" -days 30 -extfile <(echo "subjectAltName=DNS:$2${3:-}") -out leaf.crt
}
verified() { openssl verify -CAfile "$pki/ca.crt" -untrusted "$1" "${@:2}" leaf.crt; } # verified CHAIN OPENSSL-FLAG…
typed() { # typed WORD COMMAND: on a terminal, once the question stands there
	: >screen
	{ within 20 grep -q 'type its common name' screen && echo "$1" && sleep 1; } | script -qefc "$2" screen >/dev/null
}

expect "certificates" certificates
expect "boots" boot
if ready; then
	people
	prometheus
	below
	authority
fi
[ $failed = 0 ] || tail -n 3 ./*.log
total

package e2e_test

// goodHost has the control plane cp1 and the worker w1 filled through the inbox: ./ca, ./k and ./w (their component
// directories), ./kubeadm.yaml, ./join.yaml.
const goodHost = `
ca-admin init -q --key-type ECDSA-P256 --config kubeadm.yaml --trust-inbox --node cp1,w1
trust=$(ca-admin status -o json | sed -n 's/.*"trust": "\(.*\)".*/\1/p')
component-admin -q --dir k init --name cp1 --trust $trust
component-admin -q --dir w init --name w1 --trust $trust
component-admin -q --dir k request control-plane --config kubeadm.yaml --key-type ECDSA-P256
printf '%s\n' 'apiVersion: kubeadm.k8s.io/v1beta4' 'kind: JoinConfiguration' \
	'nodeRegistration: {name: w1, kubeletExtraArgs: [{name: node-ip, value: 192.0.2.21}]}' \
	'discovery: {bootstrapToken: {apiServerEndpoint: "api.example:6443", token: "abcdef.0123456789abcdef"}}' >join.yaml
component-admin -q --dir w request worker --config join.yaml --key-type ECDSA-P256
ca-admin sync -q || [ $? = 3 ]
ca-admin approve -q --yes $(ca-admin pending -o json | sed -n 's/.*"id": "\(.*\)".*/\1/p')
component-admin -q --dir k sync
component-admin -q --dir w sync
`

// spoilers are shell functions: openssl writes what no honest CA would.
const spoilers = `
set -e
leaf() { # leaf NAME SUBJECT EXTENSIONS [CA [OPENSSL-FLAGS…]]: signs pki/NAME.key anew
	printf '%s\n' "$3" >ext
	openssl req -new -key k/pki/$1.key -subj "$2" -out csr
	ca=${4:-ca/ca}; name=$1; shift; shift; shift; [ $# = 0 ] || shift
	[ $# != 0 ] || set -- -days 365
	openssl x509 -req -in csr -CA $ca.crt -CAkey $ca.key -CAcreateserial -extfile ext "$@" -out k/pki/$name.crt
}
dated() { # dated BEGIN END: the API server's certificate with these dates, which only openssl ca can choose
	printf '%s\n' '[ca]' default_ca=d '[d]' database=db serial=sn new_certs_dir=. default_md=sha256 policy=p \
		'[p]' commonName=supplied >cnf
	: >db
	echo 01 >sn
	printf '%s\n' "$server" >ext
	openssl req -new -key k/pki/apiserver.key -subj /CN=kube-apiserver -out csr
	openssl ca -batch -notext -config cnf -cert ca/ca.crt -keyfile ca/ca.key -in csr \
		-out k/pki/apiserver.crt -startdate $1 -enddate $2 -extfile ext
}
other() {
	openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key -out other.crt \
		-subj /CN=kubernetes -days 3650
}
crl() { # crl OPENSSL-FLAGS…: a CRL of etcd-ca, as openssl writes it
	printf '%s\n' '[ca]' default_ca=d '[d]' database=db crlnumber=number default_md=sha256 crl_extensions=e \
		'[e]' authorityKeyIdentifier=keyid >cnf
	: >db
	echo 01 >number
	openssl ca -gencrl -config cnf -cert ca/etcd/ca.crt -keyfile ca/etcd/ca.key "$@" -out k/pki/etcd/ca.crl
}
base='basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature'
names=subjectAltName=DNS:cp1,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc
names=$names,DNS:kubernetes.default.svc.k8s.example,IP:fd00::1,IP:10.96.0.1,IP:192.0.2.10,DNS:api.example
server="$base
extendedKeyUsage=serverAuth
$names"
client="$base
extendedKeyUsage=clientAuth"
`

// spoiled are hosts that kubeadm or a component would refuse, or worse, would not.
var spoiled = []struct{ name, spoil, problem, fix string }{
	{"certificate absent", `rm k/pki/apiserver.crt`, "apiserver.crt: the file is missing",
		"request kube-apiserver --node cp1 --config /"},
	{"key absent", `rm k/pki/etcd/peer.key`, "etcd/peer.key: the file is missing", "request etcd-peer"},
	{"key of another certificate", `cp k/pki/apiserver-kubelet-client.key k/pki/apiserver.key`,
		"apiserver.crt: the certificate is for another key", "request kube-apiserver"},
	{"issuer of another profile", `leaf etcd/server /CN=cp1 "$base
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=DNS:cp1,DNS:localhost,IP:127.0.0.1,IP:::1,IP:192.0.2.10" ca/ca`,
		`not signed by the pinned issuer "etcd-ca"`, "request etcd-server"},
	{"foreign CA of the same name", `other; leaf apiserver /CN=kube-apiserver "$server" other -days 3650`,
		`not signed by the pinned issuer "ca"`, "request kube-apiserver"},
	{"node missing from names", `leaf apiserver /CN=kube-apiserver "$(echo "$server" | sed 's/DNS:cp1,//')"`,
		`"DNS:cp1"`, "request --from-pki kube-apiserver --node cp1 --"},
	{"endpoint missing", `leaf apiserver /CN=kube-apiserver "$(echo "$server" | sed 's/,DNS:api.example//')"`,
		`"DNS:api.example"`, "request --from-pki kube-apiserver --node cp1 --"},
	{"service address missing", `leaf apiserver /CN=kube-apiserver "$(echo "$server" | sed 's/IP:10.96.0.1,//')"`,
		`"IP:10.96.0.1"`, "request --from-pki kube-apiserver --node cp1 --"},
	{"advertise address missing", `leaf apiserver /CN=kube-apiserver "$(echo "$server" | sed 's/IP:192.0.2.10,//')"`,
		`"IP:192.0.2.10"`, "request --from-pki kube-apiserver --node cp1 --"},
	{"subject of an older release",
		`leaf apiserver-kubelet-client /O=system:masters/CN=kube-apiserver-kubelet-client "$client"`, "the subject is",
		"request apiserver-kubelet-client"},
	{"wrong user", `leaf front-proxy-client /CN=kubernetes "$client" ca/front-proxy-ca`, "the subject is",
		"request front-proxy-client"},
	{"no usage", `leaf apiserver /CN=kube-apiserver "$base
$names"`, "a client identity, too", "request kube-apiserver"},
	{"more usages", `leaf apiserver /CN=kube-apiserver "$(echo "$server" | sed s/serverAuth/serverAuth,clientAuth/)"`,
		"serverAuth,clientAuth, not for serverAuth", "request kube-apiserver"},
	{"a leaf that is a CA", `leaf apiserver /CN=kube-apiserver "$(echo "$server" | sed s/CA:FALSE/CA:TRUE/)"`,
		"expected CA:FALSE", "request kube-apiserver"},
	{"expired", `dated 20250101000000Z 20250201000000Z`, "apiserver.crt: it expired at 2025-02-01T00:00:00Z",
		"request kube-apiserver"},
	{"not valid yet", `dated 20900101000000Z 20910101000000Z`, "it is not valid before 2090-01-01",
		"request kube-apiserver"},
	{"key readable by all", `chmod 644 k/pki/apiserver.key`, "others may read the private key", "chmod 600"},
	{"kubeconfig readable by all", `chmod 640 k/admin.conf`, "others may read the private key", "chmod 600"},
	{"certificate writable by all", `chmod 666 k/pki/ca.crt`, "others may write to it", "chmod 644"},
	{"kubeconfig absent", `rm k/scheduler.conf`, "scheduler.conf: the file is missing", "request kube-scheduler"},
	{"kubeconfig goes elsewhere", `sed -i 's#https://api.example:6443#https://192.0.2.99:6443#' k/admin.conf`,
		`its server is "https://192.0.2.99:6443", expected https://api.example:6443`,
		"kubeconfig admin --server https://api.example:6443"},
	{"kubeconfig of another CA",
		`other; sed -i "s#certificate-authority-data: .*#certificate-authority-data: $(base64 -w0 other.crt)#" ` +
			`k/admin.conf`, "its CA data is not the cluster's CA", "request admin"},
	{"kubeconfig without a client", `sed -i '/client-certificate-data/d' k/scheduler.conf`, "no client certificate",
		"request kube-scheduler"},
	{"another's client certificate", `sed -i "s#client-certificate-data: .*#$(grep -o 'client-certificate-data: .*' ` +
		`k/scheduler.conf)#" k/controller-manager.conf`, "the certificate is for another key",
		"request kube-controller-manager"},
	{"sa.pub of another key", `openssl genrsa 2048 | openssl pkey -pubout -out k/pki/sa.pub`,
		"not the public half of sa.key", "openssl pkey -in"},
	{"sa.key absent", `rm k/pki/sa.key`, "sa.key: the file is missing", "first control plane"},
	{"encrypted key",
		`openssl pkey -in k/pki/apiserver.key -aes256 -passout pass:x -out e && cat e >k/pki/apiserver.key`,
		"the key is encrypted", "request kube-apiserver"},
	{"Ed25519", `openssl genpkey -algorithm ed25519 -out e && cat e >k/pki/apiserver.key`,
		"no component loads a key of type Ed25519", "request kube-apiserver"},
	{"no key at all", `echo >k/pki/apiserver.key`, "cannot read its private key", "request kube-apiserver"},
	{"CA absent", `rm k/pki/front-proxy-ca.crt`, "front-proxy-ca.crt: the file is missing", "component-admin --dir "},
	{"CA of somebody else", `other; cat other.crt >k/pki/ca.crt`, ", not the pinned CA",
		"ca.crt.other && component-admin"},
	{"one root beside two issuers", `other; cat other.crt >>k/pki/ca.crt; cat other.crt >>k/pki/etcd/ca.crt`,
		`is trusted, too, since it is in this file and in`, "openssl x509 -in"},
	{"a CRL in PEM", `crl -crldays 30`, "etcd/ca.crl: it is in PEM: etcd 3.6 and newer read DER alone",
		"openssl crl -in"},
	{"the kubelet's own file spoiled", `sed -i '/PRIVATE KEY/,$d' k/kubelet/pki/kubelet-client-current.pem`,
		"kubelet-client-current.pem: cannot read its private key", "request kubelet --node cp1"},
}

// advised are hosts that work, with something to be known of them.
var advised = []struct{ name, spoil, problem, fix string }{
	{"CA key on the host", `cp ca/ca.key k/pki/`, "the CA's private key is on a cluster host",
		"ca-admin init --import-pki"},
	{"a root beside the issuer", `other; cat other.crt >>k/pki/ca.crt`,
		`every certificate below "CN=kubernetes" is trusted, too`, "openssl x509 -in"},
	{"service address of one family", `leaf apiserver /CN=kube-apiserver "$(echo "$server" | sed 's/IP:fd00::1,//')"`,
		`second family: IP:fd00::1`, "request --from-pki kube-apiserver"},
	{"no serving certificate", `rm k/kubelet/pki/kubelet.crt k/kubelet/pki/kubelet.key`,
		"kubelet.crt: the file is missing", "request kubelet-serving --node cp1"},
}

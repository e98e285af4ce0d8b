#!/usr/bin/env bash
# Requests as real tools write them: each is dropped unsigned, held, approved by a person, and openssl verifies the
# certificate. Installs the tools (Debian packages) as root. Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
if [ "$(id -u)" = 0 ]; then
	apt-get update -qq >/dev/null
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends openssl gnutls-bin libnss3-tools easy-rsa python3-cryptography default-jre-headless openssh-client gpgsm >/dev/null 2>&1
fi
go build -o "$work/bin/" ./cmd/ca-admin || exit 1
PATH="$work/bin:$PATH"
cd "$work" || exit 1
unset CA_EXCHANGE CA_ADMIN_DIR
ca-admin init -q >/dev/null || exit 1
mkdir csr

o() { local name=$1; shift; openssl req -new -nodes -keyout "csr/$name.key" -out "csr/$name.csr" "$@" 2>/dev/null; }
o openssl-rsa2048 -newkey rsa:2048 -subj /CN=a.example -addext subjectAltName=DNS:a.example
o openssl-rsa3072 -newkey rsa:3072 -subj /CN=a.example -addext subjectAltName=DNS:a.example
o openssl-rsa4096-sha512 -newkey rsa:4096 -sha512 -subj /CN=a.example -addext subjectAltName=DNS:a.example
o openssl-p256 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -subj /CN=b.example -addext subjectAltName=DNS:b.example
o openssl-p384-sha384 -newkey ec -pkeyopt ec_paramgen_curve:P-384 -sha384 -subj /CN=b.example -addext subjectAltName=DNS:b.example
o openssl-p521 -newkey ec -pkeyopt ec_paramgen_curve:P-521 -subj /CN=b.example -addext subjectAltName=DNS:b.example
o openssl-ed25519 -newkey ed25519 -subj /CN=c.example -addext subjectAltName=DNS:c.example
o openssl-bare -newkey rsa:2048 -subj /CN=server
o openssl-long-subject -newkey rsa:2048 -subj "/C=DE/ST=Berlin/L=Berlin/O=Example GmbH/OU=Platform/CN=d.example/emailAddress=a@d.example" -addext subjectAltName=DNS:d.example
o openssl-utf8 -newkey rsa:2048 -utf8 -subj "/O=Müller/CN=e.example" -addext subjectAltName=DNS:e.example
o openssl-many-names -newkey rsa:2048 -subj /CN=f.example -addext "subjectAltName=DNS:f.example,DNS:*.f.example,IP:192.0.2.1,IP:2001:db8::1"
o openssl-critical-san -newkey rsa:2048 -subj /CN=g.example -addext subjectAltName=critical,DNS:g.example
o openssl-empty-subject -newkey rsa:2048 -subj / -addext subjectAltName=DNS:h.example
o openssl-usages -newkey rsa:2048 -subj /CN=i.example -addext subjectAltName=DNS:i.example -addext keyUsage=critical,digitalSignature,keyEncipherment -addext extendedKeyUsage=serverAuth
o openssl-client -newkey rsa:2048 -subj /CN=alice -addext extendedKeyUsage=clientAuth
o openssl-basic-constraints -newkey rsa:2048 -subj /CN=j.example -addext subjectAltName=DNS:j.example -addext basicConstraints=CA:FALSE
o openssl-multi-rdn -newkey rsa:2048 -multivalue-rdn -subj "/O=Example+OU=Ops/CN=k.example" -addext subjectAltName=DNS:k.example
o openssl-newhdr -newhdr -newkey rsa:2048 -subj /CN=l.example -addext subjectAltName=DNS:l.example
o openssl-text -text -newkey rsa:2048 -subj /CN=m.example -addext subjectAltName=DNS:m.example
openssl req -new -key csr/openssl-rsa2048.key -subj /CN=n.example -addext subjectAltName=DNS:n.example 2>/dev/null | sed 's/$/\r/' >csr/openssl-crlf.csr
printf '[req]\ndistinguished_name=dn\nattributes=at\nprompt=no\nreq_extensions=ex\n[dn]\nCN=o.example\n[at]\nchallengePassword=secret1234\nunstructuredName=box\n[ex]\nsubjectAltName=DNS:o.example\n' >challenge.cnf
o openssl-challenge -newkey rsa:2048 -config challenge.cnf
o openssl-node -newkey rsa:2048 -subj "/O=system:nodes/CN=system:node:w1"
o openssl-scheduler -newkey rsa:2048 -subj "/CN=system:kube-scheduler"
o openssl-apiserver -newkey rsa:2048 -subj "/CN=kube-apiserver" -addext "subjectAltName=DNS:cp1,DNS:kubernetes,IP:10.96.0.1"

if command -v keytool >/dev/null; then
	for alg in RSA EC; do
		size=2048; [ $alg = EC ] && size=256
		keytool -genkeypair -keystore $alg.jks -storepass secret1 -alias k -keyalg $alg -keysize $size -dname "CN=$alg.java.example, O=Example" >/dev/null 2>&1
		keytool -certreq -keystore $alg.jks -storepass secret1 -alias k -ext SAN=dns:$alg.java.example -file csr/keytool-$alg.csr >/dev/null 2>&1
	done
fi
if command -v certtool >/dev/null; then
	printf 'cn = "p.example"\ndns_name = "p.example"\nip_address = "192.0.2.9"\ntls_www_server\nsigning_key\nencryption_key\n' >certtool.cfg
	for type in rsa ecdsa; do
		certtool --generate-privkey --key-type $type --bits $([ $type = rsa ] && echo 2048 || echo 256) --outfile certtool.key 2>/dev/null
		certtool --generate-request --load-privkey certtool.key --template certtool.cfg --outfile csr/certtool-$type.csr 2>/dev/null
	done
fi
if command -v certutil >/dev/null; then
	mkdir nss && certutil -N -d nss --empty-password && head -c 64 /dev/urandom >noise
	certutil -R -d nss -s "CN=q.example,O=Example" -8 q.example -a -z noise -g 2048 -o csr/certutil-rsa.csr >/dev/null 2>&1
	certutil -R -d nss -k ec -q nistp256 -s "CN=q.example" -8 q.example -a -z noise -o csr/certutil-ec.csr >/dev/null 2>&1
fi
if [ -x /usr/share/easy-rsa/easyrsa ]; then
	(EASYRSA_BATCH=1 EASYRSA_REQ_CN=r.example EASYRSA_PKI="$work/pki" /usr/share/easy-rsa/easyrsa init-pki &&
		EASYRSA_BATCH=1 EASYRSA_PKI="$work/pki" /usr/share/easy-rsa/easyrsa --subject-alt-name=DNS:r.example gen-req r.example nopass) >/dev/null 2>&1
	cp pki/reqs/r.example.req csr/easyrsa.csr 2>/dev/null
fi
for python in /usr/bin/python3 python3; do
	$python - <<'PY' 2>/dev/null && break
from cryptography import x509
from cryptography.x509.oid import NameOID
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa, ec
for name, key in ("rsa", rsa.generate_private_key(65537, 2048)), ("ec", ec.generate_private_key(ec.SECP256R1())):
    csr = x509.CertificateSigningRequestBuilder().subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "s.example")])) \
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("s.example")]), critical=False).sign(key, hashes.SHA256())
    open(f"csr/python-{name}.csr", "wb").write(csr.public_bytes(serialization.Encoding.PEM))
PY
done
kubeadm=$(ls "${XDG_CACHE_HOME:-$HOME/.cache}"/ca-exchange-oracles/*/kubeadm 2>/dev/null | tail -1)
if [ -n "$kubeadm" ]; then
	printf 'apiVersion: kubeadm.k8s.io/v1beta4\nkind: InitConfiguration\nlocalAPIEndpoint: {advertiseAddress: 192.0.2.10}\nnodeRegistration: {name: cp1}\n---\napiVersion: kubeadm.k8s.io/v1beta4\nkind: ClusterConfiguration\nkubernetesVersion: v1.37.2\n' >kubeadm.yaml
	"$kubeadm" certs generate-csr --config kubeadm.yaml --cert-dir "$work/k/pki" --kubeconfig-dir "$work/k" >/dev/null 2>&1
	for f in $(cd k 2>/dev/null && find . -name '*.csr'); do cp "k/$f" "csr/kubeadm-$(echo "${f#./}" | tr '/' '-')"; done
fi

passed=0 failed=0
check() {
	local name=$1
	cp "csr/$name.csr" exchange/inbox/ && ca-admin sync -q || { echo "$name: sync failed"; return 1; }
	[ -e "exchange/outbox/$name.held.json" ] || { echo "$name: not held: $(grep -o '"code": "[^"]*"' "exchange/outbox/$name.denied.json" 2>/dev/null)"; return 1; }
	local id
	id=$(sed -n 's/.*"request": "\(.*\)".*/\1/p' "exchange/outbox/$name.held.json")
	ca-admin approve "$id" --yes 2>approve.log || ca-admin approve "$id" --yes --profile etcd-server 2>>approve.log ||
		ca-admin approve "$id" --yes --profile client 2>>approve.log ||
		ca-admin approve "$id" --yes --profile server --dns "${name//_/-}.example" 2>>approve.log || { echo "$name: $(tail -2 approve.log)"; return 1; }
	local issuer=ca
	for issuer in ca etcd-ca front-proxy-ca; do
		openssl verify -x509_strict -CAfile "exchange/outbox/$issuer.crt" "exchange/outbox/$name.crt" >/dev/null 2>&1 && return 0
	done
	echo "$name: openssl does not verify it"
	return 1
}
for f in csr/*.csr; do
	name=$(basename "$f" .csr)
	if check "$name"; then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
[ $passed -ge 25 ] || { echo "only $passed requests: tools are missing"; failed=$((failed + 1)); }
echo "$passed passed, $failed failed"
[ $failed = 0 ]

#!/bin/sh
# Makes v1.db with version 1 of both programs (commit fcd1927), which must be in PATH, and openssl and sqlite3:
# sh v1.sh EMPTY-DIRECTORY. It was run once; the ledger that it left is checked in.
set -eu
cd "$1"
key() { openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$1.key" -subj "/CN=$2" -addext "subjectAltName=DNS:$2" -out "$1.csr" 2>/dev/null; }
answer() { ca-admin sync -q --exchange "$1" || [ $? -le 4 ]; }
# An intermediate issuer: its answers carry a chain.
openssl req -x509 -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout root.key -subj '/CN=corporate root' -days 7300 -out root.crt -addext keyUsage=critical,keyCertSign,cRLSign 2>/dev/null
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout sub.key -subj /CN=cluster-ca -out sub.csr 2>/dev/null
printf 'basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign,digitalSignature\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid\n' >ext.cnf
openssl x509 -req -in sub.csr -CA root.crt -CAkey root.key -CAcreateserial -days 7000 -extfile ext.cnf -out sub.crt 2>/dev/null
cat sub.crt root.crt >chain.pem
ca-admin init --exchange one --import-cert chain.pem --import-key sub.key >init.out
ca-admin exchange two
trust=$(ca-admin status --exchange one -o json | sed -n 's/.*"trust": "\(.*\)".*/\1/p')
component-admin init --name cp1-admin --trust "$trust" --exchange one >host.out
ca-admin enroll cp1-admin --key component/component-admin/identity.pub --profile server,kube-apiserver,kube-scheduler --node cp1 --dns '*.example' --ip 192.0.2.0/24
# Issued by the policy to an enrolled requester; one name outside its scope is held.
component-admin request server --dns www.example --key-type ECDSA-P256
component-admin request kube-scheduler --node cp1 --key-type ECDSA-P256 --server https://192.0.2.10:6443
component-admin request server --dns outside.test --key-type ECDSA-P256
answer one
component-admin sync || true
# Held and approved: asked on two exchanges, in a team's sub-directory of the second; the second is owed the answer.
key web web.test && mkdir -p two/inbox/team && cp web.csr one/inbox/web.csr && cp web.csr two/inbox/team/web-again.csr
answer one && answer two
ca-admin approve web --exchange one --profile server --yes
# Held; denied by the policy; refused unread.
key later later.test && cp later.csr one/inbox/
echo 'no request at all' >one/inbox/junk.csr
openssl req -new -newkey rsa:1024 -nodes -keyout weak.key -subj /CN=weak.test -out one/inbox/weak.csr 2>/dev/null
ln -s /etc/hostname one/inbox/link.csr
head -c 70000 /dev/zero >one/inbox/big.csr
# Denied by a person; denied and approved after all.
key no no.test && cp no.csr one/inbox/ && key second second.test && cp second.csr one/inbox/
answer one
ca-admin deny no --reason 'nobody knows it'
ca-admin deny second --reason 'a mistake'
ca-admin approve second --exchange one --profile server --yes
answer one
# A certificate that is nearly over is held and approved again: no test waits a year.
key over over.test && cp over.csr one/inbox/ && answer one && ca-admin approve over --exchange one --profile server --yes
end=$(sqlite3 ca/ledger.db "SELECT not_after FROM certificates ORDER BY num DESC LIMIT 1")
sqlite3 ca/ledger.db "UPDATE certificates SET not_after = '2026-01-01T00:00:00Z' WHERE not_after = '$end' AND num = (SELECT max(num) FROM certificates)"
cp over.csr one/inbox/ && answer one && ca-admin approve over --exchange one --profile server --yes
sqlite3 ca/ledger.db "UPDATE certificates SET not_after = '$end' WHERE not_after < '2026-01-02'"
ca-admin clock --accept
ca-admin unenroll cp1-admin
ca-admin verify
sqlite3 ca/ledger.db 'PRAGMA wal_checkpoint(TRUNCATE); VACUUM'
cp ca/ledger.db v1.db

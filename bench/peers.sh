#!/bin/sh
# How long a certificate takes here and with openssl and cfssl, on the same requests, one after the other on this machine.
#
#   sh bench/peers.sh [N]        (N requests for the tools that start a process each; default 300; the others get 10 N)
#
# Prints CPU and wall milliseconds per certificate and ratios to `openssl ca -infiles`, the honest peer: one process for
# all, though not durable. Then the latency of an idle watch, and the memory with many requests waiting. Times of
# different machines can't be compared; ratios of one run can.
set -eu
cd "$(dirname "$0")/.."
few=${1:-300}
many=$((few * 10))
work=$(mktemp -d "${BENCH_DIR:-$PWD}/bench.tmp.XXXXXX")   # a fresh directory: ext4 is slow where much was deleted lately
trap 'rm -rf "$work"' EXIT
unset CA_EXCHANGE CA_ADMIN_DIR COMPONENT_ADMIN_DIR
go build -o "$work/bin/" ./cmd/ca-admin ./bench/requests
command -v cfssl >/dev/null || GOBIN="$work/bin" go install github.com/cloudflare/cfssl/cmd/cfssl@v1.6.5 2>/dev/null || true
PATH="$work/bin:$PATH"
cd "$work"
echo "$(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(go version | cut -d' ' -f3), $(openssl version | cut -d' ' -f1,2), $(stat -f -c %T .)"
echo "making $many requests (P-256 keys)"
requests "$many" csr

# measure NAME COUNT COMMAND…: CPU (of the shell's children, by its own accounting) and wall per certificate
children() { times >"$work/times"; awk 'NR==2 {for (i=1; i<=2; i++) {split($i, t, /[ms]/); s += t[1]*60+t[2]}; print s}' "$work/times"; }
measure() {
	name=$1 count=$2
	shift 2
	children >"$work/before"
	start=$(date +%s%N)
	"$@" >"$work/log" 2>&1 || { tail -3 "$work/log"; return 1; }
	wall=$(($(date +%s%N) - start))
	children >"$work/after"
	paste "$work/before" "$work/after" | awk -v n="$count" -v w=$wall -v name="$name" '{printf "%-34s %8.2f ms CPU %8.2f ms wall per certificate, of %d\n", name, ($2-$1)*1000/n, w/1e6/n, n}'
}
each_x509() { for f in $(ls csr | head -"$few"); do openssl x509 -req -in "csr/$f" -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -copy_extensions copy -out out.crt 2>/dev/null; done; }
one_ca() { openssl ca -batch -notext -config ca.cnf -infiles $(ls -d csr/* | head -"$many"); }
ours() { ca-admin --dir "$1" sync -q --exchange "$2"; }
cfssl_each() { for f in $(ls csr | head -"$few"); do cfssl sign -ca ca.crt -ca-key ca.key "csr/$f"; done; }

for kind in RSA-2048 ECDSA-P256; do
	echo
	echo "issuer $kind"
	rm -rf ca exchange ca.db* out new && mkdir new
	ca-admin init -q --issuer ca --key-type $kind --trust-inbox >/dev/null
	cp ca/ca.crt ca/ca.key .
	: >ca.db; echo 01 >ca.srl2
	printf '[ca]\ndefault_ca=d\n[d]\ndir=.\ndatabase=ca.db\nserial=ca.srl2\nnew_certs_dir=new\ncertificate=ca.crt\nprivate_key=ca.key\ndefault_md=sha256\npolicy=p\ndefault_days=365\nunique_subject=no\ncopy_extensions=copy\nemail_in_dn=no\nrand_serial=yes\n[p]\ncommonName=supplied\n' >ca.cnf
	measure "openssl-x509-req-a-process-each" "$few" each_x509
	measure "openssl-ca-infiles" "$many" one_ca
	if command -v cfssl >/dev/null; then measure "cfssl-sign-a-process-each" "$few" cfssl_each; else echo "cfssl can not be installed: left out"; fi
	cp csr/* exchange/inbox/
	measure "ca-admin-sync,durable" "$many" ours ca exchange
	[ "$(ls exchange/outbox | grep -c '^r.*\.crt$')" = "$many" ] || { echo "not all were answered"; exit 1; }
done

echo
echo "idle watch, drop to visible certificate (P-256)"
requests -latency 300 -dir lat
echo
echo "memory with $((many * 10)) waiting"
mkdir big && requests "$((many * 10))" big
ca-admin --dir ca2 init -q --exchange x2 --issuer ca --key-type ECDSA-P256 --trust-inbox >/dev/null
mv big/* x2/inbox/ 2>/dev/null || find big -name '*.csr' -exec mv -t x2/inbox {} +
ca-admin --dir ca2 sync -q --exchange x2 &
pid=$!
first=$(date +%s%N)
while [ -z "$(ls x2/outbox | grep -m1 '^r.*\.crt$')" ]; do sleep 0.01; done
echo "first answer after $((($(date +%s%N) - first) / 1000000)) ms"
peak=0
while kill -0 $pid 2>/dev/null; do
	now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status 2>/dev/null || echo 0)
	[ "${now:-0}" -gt "$peak" ] && peak=$now
	sleep 0.2
done
echo "peak memory $((peak / 1024)) MiB"

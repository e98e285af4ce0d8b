#!/bin/sh
# Goals 1 to 5 and 7 of docs/lab/performance.md in one run: what a certificate costs here, with openssl and with cfssl on
# the same requests, and whether each goal is reached.
#
#   sh bench/peers.sh [N]        (10 N requests for a drain; default 300; N for the tools that start a process each)
#
#   ROWS=1000000                 certificates in the ledger of goal 5 (default 100000: a minute)
#   LEDGER=FILE                  a ledger that go test -ledger FILE made before; certificates are added to it
#   BENCH_DIR=DIR                where the files are: a fresh directory on the file system to be measured
#
# Everything is measured by ratios, side by side: the peers take turns, twice, and the lower value counts, so that a busy
# machine harms both alike. Times of different machines cannot be compared.
set -eu
cd "$(dirname "$0")/.."
repository=$PWD few=${1:-300}
many=$((few * 10)) rows=${ROWS:-100000}
work=$(mktemp -d "${BENCH_DIR:-$PWD}/bench.tmp.XXXXXX")   # a fresh directory: ext4 is slow where much was deleted lately
trap 'rm -rf "$work"' EXIT
unset CA_EXCHANGE CA_ADMIN_DIR COMPONENT_ADMIN_DIR
go build -o "$work/bin/" ./cmd/ca-admin ./cmd/component-admin ./bench/requests
go test -c -o "$work/bin/ledger.test" ./internal/ledger
go test -c -o "$work/bin/pass.test" ./internal/pass
command -v cfssl >/dev/null || GOBIN="$work/bin" go install github.com/cloudflare/cfssl/cmd/cfssl@v1.6.5 2>/dev/null || true
PATH="$work/bin:$PATH"
cd "$work"
echo "$(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1), $(go version | cut -d' ' -f3), $(openssl version | cut -d' ' -f1,2), $(stat -f -c %T .), load $(cut -d' ' -f1 /proc/loadavg)"

# children: CPU seconds of the shell's children, by its own accounting.
children() { times >"$work/times"; awk 'NR==2 {for (i=1; i<=2; i++) {split($i, t, /[ms]/); s += t[1]*60+t[2]}; print s}' "$work/times"; }
# measure NAME COUNT COMMAND…: CPU and wall per item in ms, into the files NAME.cpu and NAME.wall where they are lower.
measure() {
	name=$1 count=$2
	shift 2
	children >before
	start=$(date +%s%N)
	"$@" >log 2>&1 || { tail -3 log; return 1; }
	wall=$(($(date +%s%N) - start))
	children >after
	paste before after | awk -v n="$count" '{print ($2-$1)*1000/n}' >now.cpu
	awk -v w=$wall -v n="$count" 'BEGIN {print w/1e6/n}' >now.wall
	for unit in cpu wall; do
		cat now.$unit "$name.$unit" 2>/dev/null | sort -g | head -1 >least
		mv least "$name.$unit"
	done
}
show() { printf '  %-36s %8.2f ms CPU %8.2f ms wall\n' "$1" "$(cat "$2.cpu")" "$(cat "$2.wall")"; }
# goal TEXT VALUE MOST: one line with the verdict.
goal() { awk -v t="$1" -v v="$2" -v m="$3" 'BEGIN {printf "%-66s %8.2f of at most %-6s %s\n", t, v, m, (v <= m) ? "reached" : "MISSED"}'; }
least() { awk -v t="$1" -v v="$2" -v m="$3" 'BEGIN {printf "%-66s %8.2f of at least %-5s %s\n", t, v, m, (v >= m) ? "reached" : "MISSED"}'; }
ratio() { awk "BEGIN {print ($1)/($2)}"; }

each_x509() { for f in $(ls csr | head -"$few"); do openssl x509 -req -in "csr/$f" -CA ca.crt -CAkey ca.key -CAcreateserial -days 365 -copy_extensions copy -out out.crt 2>/dev/null; done; }
each_cfssl() { for f in $(ls csr | head -"$few"); do cfssl sign -ca ca.crt -ca-key ca.key "csr/$f"; done; }
one_ca() { : >ca.db; rm -rf new; mkdir new; openssl ca -batch -notext -config ca.cnf -infiles $(ls -d csr/* | head -"$many"); }
ours() { ca-admin --dir ca sync -q --exchange exchange; }

echo "making $many requests (P-256 keys)"
requests "$many" csr
printf '[ca]\ndefault_ca=d\n[d]\ndir=.\ndatabase=ca.db\nnew_certs_dir=new\ncertificate=ca.crt\nprivate_key=ca.key\ndefault_md=sha256\npolicy=p\ndefault_days=365\nunique_subject=no\ncopy_extensions=copy\nemail_in_dn=no\nrand_serial=yes\n[p]\ncommonName=supplied\n' >ca.cnf

echo
echo "1. A drain of $many, per certificate"
for kind in RSA-2048 ECDSA-P256; do
	for round in 1 2; do
		rm -rf ca exchange
		ca-admin init -q --issuer ca --key-type $kind --trust-inbox >/dev/null 2>&1
		cp ca/ca.crt ca/ca.key .
		measure openssl-$kind "$many" one_ca
		cp csr/* exchange/inbox/
		measure ours-$kind "$many" ours
		[ "$(ls exchange/outbox | grep -c '^r.*\.crt$')" = "$many" ] || { echo "not all were answered"; exit 1; }
	done
	measure x509-$kind "$few" each_x509
	show "openssl x509 -req, a process each" x509-$kind
	! command -v cfssl >/dev/null || { measure cfssl-$kind "$few" each_cfssl && show "cfssl sign, a process each" cfssl-$kind; }
	show "openssl ca -infiles, $kind" openssl-$kind
	show "ca-admin sync, durable, $kind" ours-$kind
done
signature=$(requests -signature 400)
speed=$(openssl speed -seconds 2 rsa2048 2>/dev/null | awk '/^rsa *2048 bits/ {sub("s", "", $4); print $4*1000}')
echo "  an RSA-2048 signature: Go $signature ms, openssl $speed ms (faster where it has AVX-512)"
goal "1. RSA: CPU beside Go's own signature, ms" "$(awk "BEGIN {print $(cat ours-RSA-2048.cpu)-$signature}")" 0.4
goal "1. RSA: wall against openssl ca" "$(ratio "$(cat ours-RSA-2048.wall)" "$(cat openssl-RSA-2048.wall)")" 0.85
goal "1. P-256: CPU against openssl ca" "$(ratio "$(cat ours-ECDSA-P256.cpu)" "$(cat openssl-ECDSA-P256.cpu)")" 0.75
goal "1. P-256: wall against openssl ca" "$(ratio "$(cat ours-ECDSA-P256.wall)" "$(cat openssl-ECDSA-P256.wall)")" 0.5

echo
echo "2. Against the same work in memory"
(cd "$repository/internal/pass" && TMPDIR=$work pass.test -test.run '^$' -test.bench '^BenchmarkDrain$' -test.benchtime 3x) >drain
memory() { awk -v k="$1" 'index($1, k) {for (i=2; i<=NF; i++) if ($i == "of-memory-limit") print $(i-1)}' drain; }
least "2. RSA: share of the memory's speed" "$(memory RSA-2048)" 0.85
least "2. P-256: share of the memory's speed" "$(memory ECDSA-P256)" 0.55

echo
echo "3. An idle watch, drop to visible certificate (P-256)"
requests -latency 300 -dir lat | tee latency
goal "3. p50, ms" "$(sed 's/.*p50 \([0-9.]*\).*/\1/' latency)" 4
goal "3. p99, ms" "$(sed 's/.*p99 \([0-9.]*\).*/\1/' latency)" 10

echo
waiting=$((few * 333)) # 100,000 with 300
echo "4. $waiting waiting"
requests "$waiting" big
ca-admin --dir ca2 init -q --exchange x2 --issuer ca --key-type ECDSA-P256 --trust-inbox >/dev/null 2>&1
find big -name '*.csr' -exec mv -t x2/inbox {} +
first=$(date +%s%N)
ca-admin --dir ca2 sync -q --exchange x2 &
pid=$!
while [ -z "$(ls x2/outbox | grep -m1 '^r.*\.crt$')" ]; do sleep 0.01; done
answered=$((($(date +%s%N) - first) / 1000000)) peak=0
while kill -0 $pid 2>/dev/null; do
	now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' /proc/$pid/status 2>/dev/null || echo 0)
	[ "${now:-0}" -gt "$peak" ] && peak=$now
	sleep 0.2
done
goal "4. first answer, s" "$(ratio $answered 1000)" 0.3
goal "4. peak memory, MB" "$(ratio $peak 976.6)" 48

echo
echo "5. A ledger of $rows certificates"
ledger=${LEDGER:-$work/ledger.db}
TMPDIR=$work ledger.test -test.run '^$' -test.bench '^(BenchmarkGrowth|BenchmarkVerify)$' -test.benchtime 1x -test.timeout 90m -rows "$rows" -ledger "$ledger" >growth
value() { awk -v k="$1" -v unit="$2" 'index($1, k) == 1 {for (i=2; i<=NF; i++) if ($i == unit) print $(i-1)}' growth | head -1; }
more=$(awk "BEGIN {print ($(value BenchmarkGrowth µs-full) - $(value BenchmarkGrowth µs-empty))/1000}")
goal "5. size, KB a certificate" "$(ratio "$(stat -c %s "$ledger")" "$rows*1000")" 2.5
goal "5. P-256: CPU of a certificate against an empty ledger" "$(ratio "$(cat ours-ECDSA-P256.cpu)+$more" "$(cat ours-ECDSA-P256.cpu)")" 1.2
goal "5. RSA: CPU of a certificate against an empty ledger" "$(ratio "$(cat ours-RSA-2048.cpu)+$more" "$(cat ours-RSA-2048.cpu)")" 1.1
verified=$(ratio "$(value BenchmarkVerify µs/certificate)" 1)
goal "5. verify, s for a million" "$verified" 10
rm -f ca/ledger.db ca/ledger.db-wal ca/ledger.db-shm
ln "$ledger" ca/ledger.db 2>/dev/null || cp "$ledger" ca/ledger.db
# took COMMAND…: wall seconds and peak memory of ca-admin, the lower of two.
took() {
	for round in 1 2; do
		start=$(date +%s%N)
		ca-admin --dir ca "$@" >/dev/null 2>&1 || [ $? -le 6 ]
		echo $((($(date +%s%N) - start) / 1000))
	done | sort -g | head -1 | awk '{print $1/1e6}'
}
goal "5. list --all, s for a million" "$(awk "BEGIN {print $(took list --all)*1000000/$rows}")" 6
slowest=0
for filter in "--limit 50" "--profile kube-apiserver" "--profile kubelet-client --limit 50" "--requester rare" "--node cp000001" \
	"--issuer ca --limit 50" "--issuer none" "--expiring 30d --limit 50" "--due --limit 50" "--name s.none"; do
	slowest=$(printf '%s\n%s\n' "$slowest" "$(took list $filter)" | sort -g | tail -1)
done
goal "5. list with a filter, the slowest of ten, s" "$slowest" 0.2
goal "5. status, s" "$(took status)" 0.05
goal "5. show, s" "$(took show "$(ca-admin --dir ca list --limit 1 -o csv 2>/dev/null | sed -n '2s/,.*//p')")" 0.05

echo
echo "7. Keys of a control plane, and commands that look"
genrsa() { for i in 1 2 3 4 5 6 7 8 9 10 11 12 13; do openssl genrsa -out key.pem 2048; done; }
component() {
	rm -rf component
	component-admin --dir component init -q --name cp1 --exchange lat/exchange --trust "$(ca-admin --dir lat/ca status -o json | sed -n 's/.*"trust": "\(.*\)",/\1/p')"
	component-admin --dir component request control-plane --key-type RSA-2048 --node cp1 --advertise-address 192.0.2.1
}
for round in 1 2 3 4; do measure genrsa 1 genrsa; measure component 1 component; done
goal "7. request control-plane against 13 openssl genrsa, wall" "$(ratio "$(cat component.wall)" "$(cat genrsa.wall)")" 0.6
slowest=0
for look in "status" "trust"; do
	for round in 1 2 3; do
		start=$(date +%s%N)
		component-admin --dir component $look >/dev/null 2>&1 || [ $? -le 6 ]
		echo $((($(date +%s%N) - start) / 1000))
	done | sort -g | head -1 >look
	slowest=$(printf '%s\n%s\n' "$slowest" "$(awk '{print $1/1000}' look)" | sort -g | tail -1)
done
goal "7. a command that only looks, ms" "$slowest" 40

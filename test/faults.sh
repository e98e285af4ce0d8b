#!/usr/bin/env bash
# Nothing is lost: both programs are killed, the disk fills, goes read-only, loses power or lies elsewhere, and after
# each fault the promises are looked up again. One line per fault, then "N passed, N failed".
#
#   bash test/faults.sh [FAULT…]     # all, or the functions named
#   ROUNDS=50 bash test/faults.sh kill_renewal     # at each step of a renewal 50 times, which takes an hour
#
# Mounts need root. Without it, or without a tool, a fault is skipped and the line says what to install; only in CI as
# root that is a failure, since there everything can be had. Whatever is mounted or started here is gone at the end.
set -u
cd "$(dirname "$0")/.."
root=$PWD
work=$(mktemp -d)
export PATH="$work/bin:$PATH:/usr/sbin:/sbin"
unset CA_EXCHANGE CA_ADMIN_DIR COMPONENT_ADMIN_DIR SSH_AUTH_SOCK
passed=0 failed=0 started=() rounds=${ROUNDS:-1}
times=0 lost=0 doubled=0 broken=() # of the fault at hand

finish() {
	cd /
	kill -KILL "${started[@]}" 2>/dev/null
	# The last mounted first: some lie below others.
	awk -v below="$work/" 'index($2, below) == 1 {print $2}' /proc/self/mounts | tac | xargs -r -n 1 umount -l
	losetup -l -n -O NAME,BACK-FILE 2>/dev/null | awk -v below="$work/" 'index($2, below) == 1 {print $1}' | xargs -r -n 1 losetup -d
	[ -z "$made" ] || rmdir "$made"
	rm -rf "$work"
}
made= # a directory outside of $work
trap finish EXIT
trap 'exit 1' INT TERM

# --- a world, and what holds in it ---

world() { # world NAME: a CA, an exchange that trusts its inbox, and a component's host; $ca and $exchange may lie elsewhere
	here=$work/$1 next=0
	mkdir -p "$here" && cd "$here" || exit 1
	export CA_ADMIN_DIR=${ca:-$here/ca} CA_EXCHANGE=${exchange:-$here/exchange} COMPONENT_ADMIN_DIR=$here/component
	: >dropped >missing
	ca-admin init -q --issuer ca --key-type ECDSA-P256 --trust-inbox >log 2>&1 || { broken+=("init: $(tail -1 log)"); return 1; }
	component-admin init -q --name cp1 --trust "$(ca-admin status -o json | sed -n 's/.*"trust": "\(.*\)".*/\1/p')" >log 2>&1
}

drop() { # drop N: puts N more requests into the inbox, as any tool would
	local files=("${pool[@]:$next:$1}")
	cp "${files[@]}" "${inbox:-$CA_EXCHANGE/inbox}/" && basename -s .csr "${files[@]}" >>dropped
	next=$((next + $1))
}

answer() { ca-admin sync -q --yes >log 2>&1 || broken+=("sync exits $?: $(tail -1 log)"); } # a pass that nothing disturbs

query() { sqlite3 "$CA_ADMIN_DIR/ledger.db" "$1"; }

# What the promises say of the CA's side: one certificate per request (doubled), an answer for every request that was
# dropped and every certificate in the ledger (lost), nothing in the outbox that the ledger has not, every file whole.
promises() {
	local n answers=${outbox:-$CA_EXCHANGE/outbox}
	ca-admin verify >log 2>&1 || broken+=("chain: $(tail -1 log)")
	doubled=$((doubled + $(query "SELECT count(*) - count(DISTINCT request) FROM certificates")))
	n=$(ca-admin list --all -o json | grep '"request":' | sort | uniq -d | wc -l)
	[ "$n" = 0 ] || broken+=("list shows $n requests twice")
	sed 's/$/.crt/' dropped | sort >wanted
	ls "$answers" | sort | comm -23 wanted - >missing
	query "SELECT fingerprint FROM certificates_hex WHERE num IN (SELECT c.num FROM certificates c JOIN answers a USING (request))" | sort >recorded
	fingerprints "$answers" >published
	lost=$((lost + $(wc -l <missing) + $(comm -23 recorded published | wc -l)))
	known
	partial "$answers"
}

fingerprints() { # of the answers in a directory: each is one certificate
	local file
	for file in "$1"/*.crt; do
		[ "${file##*/}" = ca.crt ] || sed '/^-/d' "$file" | base64 -d | sha256sum | cut -c1-64
	done | sort -u
}

known() { # P5: in the ledger before in the outbox
	local n
	n=$(query "SELECT fingerprint FROM certificates_hex" | sort | comm -13 - <(fingerprints "${outbox:-$CA_EXCHANGE/outbox}") | wc -l)
	[ "$n" = 0 ] || broken+=("$n answers are not in the ledger")
}

partial() { # openssl reads every certificate to its end
	local n
	cat "$1"/*.crt >all.pem
	n=$(openssl crl2pkcs7 -nocrl -certfile all.pem | openssl pkcs7 -print_certs -noout | grep -c ^subject)
	[ "$n" = "$(ls "$1"/*.crt | wc -l)" ] || broken+=("openssl reads $n of $(ls "$1"/*.crt | wc -l) certificates")
}

# And on the component's host: every request that still stands is installed, each certificate with its own key.
installed() {
	local crt states="$COMPONENT_ADMIN_DIR/component-admin/requests"
	lost=$((lost + $(cat "$states"/*/state.json | grep '"status":' | grep -vc 'Installed\|Superseded')))
	for crt in $(sort -u asked); do
		crt=$COMPONENT_ADMIN_DIR/pki/$crt
		if [ ! -e "$crt.crt" ]; then lost=$((lost + 1)); continue; fi
		openssl verify -CAfile "$COMPONENT_ADMIN_DIR/pki/ca.crt" "$crt.crt" >log 2>&1 || broken+=("$(tail -1 log)")
		[ "$(openssl pkey -in "$crt.key" -pubout)" = "$(openssl x509 -in "$crt.crt" -noout -pubkey)" ] || broken+=("$crt.key is not its key")
	done
	doubled=$((doubled + $(query "SELECT count(*) - count(DISTINCT request) FROM certificates")))
	ca-admin verify >log 2>&1 || broken+=("chain: $(tail -1 log)")
}

verdict() { # verdict FAULT HOW: the line of a fault, and the count starts anew
	echo "$1: $2: $times times, lost $lost, doubled $doubled"
	if [ "$times" -gt 0 ] && [ "$lost$doubled${#broken[@]}" = 000 ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
		complain
	fi
	times=0 lost=0 doubled=0 broken=()
}

complain() {
	[ "$times" -gt 0 ] || broken+=("the fault never struck")
	printf '    %s\n' "${broken[@]}" | sort | uniq -c | sort -rn | head -20
	[ ! -s missing ] || printf '    without an answer: %s\n' "$(head -5 missing | tr '\n' ' ')"
}

needs() { # needs FAULT (root | COMMAND PACKAGE)…: whether a fault can be tried here
	local fault=$1
	shift
	while [ $# -gt 0 ]; do
		if [ "$1" = root ]; then
			[ "$(id -u)" = 0 ] || { echo "$fault: skipped: needs root"; return 1; }
			shift
		else
			command -v "$1" >/dev/null || { missing_tool "$fault" "$2"; return 1; }
			shift 2
		fi
	done
}

missing_tool() {
	echo "$1: skipped: install $2"
	if [ "${CI:-}" = true ] && [ "$(id -u)" = 0 ]; then failed=$((failed + 1)); fi
}

watching() { # watching FLAGS…: starts a watch; $watch is its process
	: >watch.log
	ca-admin watch --yes "$@" >>watch.log 2>&1 &
	watch=$!
	started+=("$watch")
}

ends() { kill "-$1" "$2" 2>/dev/null; wait "$2" 2>/dev/null; } # ends SIGNAL PROCESS

soon() { # soon SECONDS COMMAND…: waits until it is true
	local end=$((SECONDS + $1))
	shift
	until "$@"; do [ $SECONDS -lt $end ] || return 1; sleep 0.05; done
}
answered() { [ "$(ls "${outbox:-$CA_EXCHANGE/outbox}" | grep -c '^r.*\.crt$')" -ge "$(wc -l <dropped)" ]; }

moment() { sleep "$(printf '0.%03d' $((RANDOM % $1 + 3)))"; } # somewhere within so many milliseconds

# --- killed ---

# A second process looks at everything all along: no file under a final name may ever be a part of one.
onlooker() { whole "$@" >seen & onlooker=$!; started+=("$onlooker"); }
seen() { ends TERM "$onlooker" || broken+=("$(grep partial: seen | head -3)"); }

kill_watch() { # as many worlds of 500 requests as it takes to be killed 200 times at work on them
	local kills=0 n=0
	for ((n = 0; kills < 200; n++)); do
		world kill-watch-$n
		onlooker "$CA_EXCHANGE/outbox"
		drop 500
		until answered || [ $kills = 200 ]; do
			watching -q --poll 20ms
			moment 120
			ends KILL "$watch"
			kills=$((kills + 1))
		done
		watching -q --poll 1s
		soon 20 answered
		ends TERM "$watch"
		seen
		promises
	done
	times=$kills
	verdict "${FUNCNAME[0]}" "SIGKILL at a random moment of ca-admin watch, over $n inboxes of 500 requests; an onlooker saw no part of a file"
}

ask() { # ask N: N more requests of component-admin
	local i
	for ((i = 0; i < $1; i++, next++)); do
		component-admin request server -q --dns "s$next.example" --key-type ECDSA-P256 >log 2>&1 || broken+=("request exits $?: $(tail -1 log)")
		echo "s$next.example" >>asked
	done
}

kill_component() {
	world kill-component
	onlooker "$CA_EXCHANGE/outbox" "$COMPONENT_ADMIN_DIR/pki" "$COMPONENT_ADMIN_DIR/component-admin"
	for ((times = 0; times < 200; times++)); do
		if [ $((times % 10)) = 0 ]; then ask 6; answer; fi
		component-admin sync -q >>sync.log 2>&1 &
		moment 20
		ends KILL $!
	done
	component-admin sync -q >log 2>&1 || broken+=("sync exits $?: $(tail -1 log)")
	seen
	installed
	verdict "${FUNCNAME[0]}" "SIGKILL at a random moment of component-admin sync, $(tail -1 seen)"
}

# --- at each system call in turn ---

# What changes a disk, and what makes it durable; SQLite has its own set. Strace counts the calls of each thread by
# itself: to have few threads, the programs get one processor.
calls="openat open write pwrite64 fsync fdatasync syncfs renameat2 renameat linkat unlinkat unlink mkdirat mkdir ftruncate fchmod"

struck() { # struck WHAT CALL N COMMAND…: runs it with the n-th such call spoiled, and tells whether one was
	local what=$1 call=$2 n=$3
	shift 3
	{ GOMAXPROCS=1 strace -f -qq -o trace -e trace="$call" -e inject="$call:$what:when=$n" "$@" >run.log 2>&1; } 2>/dev/null
	status=$?
	if grep -q 'panic:\|^goroutine ' run.log; then broken+=("$call $n: $(grep -m 1 'panic:\|^fatal' run.log)"); fi
	[ $status = 137 ] || grep -q INJECTED trace
}

ca_call() { # ca_call FAULT HOW WHAT CALL…: ca-admin sync, then a pass in peace, then the promises
	local fault=$1 how=$2 what=$3 call n
	shift 3
	world "$fault"
	for call in "$@"; do
		for ((n = 1; ; n++)); do
			drop 3
			struck "$what" "$call" "${n}${onward:-}" ca-admin sync -q || break
			said "$call $n"
			times=$((times + 1))
			answer
		done
		answer
		promises
	done
	verdict "$fault" "$how"
}

said() { # a program that fails says why (unless the word itself was spoiled), and its status is one of the documented ones
	case $status in
		0 | 3 | 4 | 5 | 137) ;;
		1) grep -q 'error:\|warning:' run.log || grep -q 'write(2,.*INJECTED' trace || broken+=("$1: exits 1 without a word") ;;
		*) broken+=("$1: exits $status: $(tail -1 run.log)") ;;
	esac
}

component_call() { # component_call FAULT HOW WHAT CALL…: likewise component-admin's request, and its sync
	local fault=$1 how=$2 what=$3 call n
	shift 3
	world "$fault"
	cp -r "$COMPONENT_ADMIN_DIR" fresh
	for call in "$@"; do
		for ((n = 1; ; n++, next++)); do
			refresh
			struck "$what" "$call" "${n}${onward:-}" component-admin request server -q --dns "s$next.example" --key-type ECDSA-P256 || break
			said "request: $call $n"
			times=$((times + 1))
			ask 1 # whoever was interrupted asks again, for the same name
			answer
			component-admin sync -q >log 2>&1 || broken+=("request: $call $n: sync exits $?: $(tail -1 log)")
			installed
		done
		for ((n = 1; ; n++)); do
			refresh
			ask 1
			answer
			struck "$what" "$call" "${n}${onward:-}" component-admin sync -q || break
			said "sync: $call $n"
			times=$((times + 1))
			component-admin sync -q >log 2>&1 || broken+=("sync: $call $n: then exits $?: $(tail -1 log)")
			installed
		done
	done
	verdict "$fault" "$how"
}

refresh() { # a host without requests: each that stands costs system calls
	rm -rf "$COMPONENT_ADMIN_DIR" && cp -r fresh "$COMPONENT_ADMIN_DIR" && : >asked
}

kill_ca_calls() {
	needs "${FUNCNAME[0]}" strace strace || return
	ca_call "${FUNCNAME[0]}" "SIGKILL at each system call that writes, of ca-admin sync" signal=KILL $calls
}
kill_component_calls() {
	needs "${FUNCNAME[0]}" strace strace || return
	component_call "${FUNCNAME[0]}" "SIGKILL at each system call that writes, of component-admin request and sync" signal=KILL $calls
}

# The disk fails once (EIO), or is full from then on (ENOSPC).
failing="fsync fdatasync syncfs write pwrite64 renameat2 renameat"
fail_ca_calls() {
	needs "${FUNCNAME[0]}" strace strace || return
	ca_call "${FUNCNAME[0]}-eio" "EIO from each sync, write and rename of ca-admin sync" error=EIO $failing
	onward=+ ca_call "${FUNCNAME[0]}-enospc" "ENOSPC from the n-th sync, write or rename of ca-admin sync on" error=ENOSPC $failing
}
fail_component_calls() {
	needs "${FUNCNAME[0]}" strace strace || return
	component_call "${FUNCNAME[0]}-eio" "EIO from each sync, write and rename of component-admin request and sync" error=EIO $failing
	onward=+ component_call "${FUNCNAME[0]}-enospc" "ENOSPC from the n-th sync, write or rename of component-admin request and sync on" error=ENOSPC $failing
}

# --- a renewal ---

# A host with one certificate, and a hook that keeps what it was run for.
renewing() {
	world "$1" || return
	printf '#!/bin/sh\ncat >>%s/hooked\n' "$here" >hook && chmod 755 hook
	printf '%s\n' 'apiVersion: ca-exchange/v1' 'kind: Hooks' hooks: '- name: web' '  profiles: [server]' "  run: [$here/hook]" \
		>"$COMPONENT_ADMIN_DIR/component-admin/hooks.yaml"
	component-admin request server -q --dns www.example --key-type ECDSA-P256 >log 2>&1
	answer
	component-admin sync -q >log 2>&1 || broken+=("the first sync exits $?: $(tail -1 log)")
	renewed "at first"
	cp -r "$COMPONENT_ADMIN_DIR" fresh
}

pair() { # pair WHEN: key and certificate belong together
	local www=$COMPONENT_ADMIN_DIR/pki/www.example
	[ "$(openssl pkey -in "$www.key" -pubout 2>&1)" = "$(openssl x509 -in "$www.crt" -noout -pubkey 2>&1)" ] || broken+=("$1: the pair does not match")
}

serial() { openssl x509 -in "$COMPONENT_ADMIN_DIR/pki/www.example.crt" -noout -serial | tr 'A-F' 'a-f' | cut -d= -f2; }

renewed() { # renewed WHEN: the pair is whole, and the hook was run for it
	pair "$1"
	grep -q "\"newSerial\":\"$(serial)\"" hooked || { lost=$((lost + 1)); broken+=("$1: no hook for $(serial)"); }
	! component-admin status -o json | grep -q '"applied": "Pending"' || broken+=("$1: a hook is still pending")
}

# As at boot, without the exchange: what was interrupted is finished. Then the rest, whatever the fault left undone.
recovers() { # recovers WHEN
	component-admin sync --local -q --exchange "$here/none" >log 2>&1 || broken+=("$1: sync --local exits $?: $(tail -1 log)")
	pair "$1, after sync --local"
	component-admin sync -q >log 2>&1
	answer
	component-admin sync -q >log 2>&1 || broken+=("$1: sync exits $?: $(tail -1 log)")
	renewed "$1"
}

renewal_call() { # renewal_call FAULT HOW WHAT CALL…: the request of a renewal, and its installation, $rounds times each
	local fault=$1 how=$2 what=$3 call n round first
	shift 3
	renewing "$fault" || return
	first=$(serial)
	for call in "$@"; do
		for ((n = 1; ; n++)); do
			for ((round = 0; round < rounds; round++)); do
				refresh
				struck "$what" "$call" "${n}${onward:-}" component-admin renew --now -q || break 2
				said "renew: $call $n"
				times=$((times + 1))
				recovers "renew: $call $n"
			done
		done
		for ((n = 1; ; n++)); do
			for ((round = 0; round < rounds; round++)); do
				refresh
				component-admin renew --now -q >log 2>&1
				answer
				struck "$what" "$call" "${n}${onward:-}" component-admin sync -q || break 2
				said "sync: $call $n"
				times=$((times + 1))
				recovers "sync: $call $n"
				[ "$(serial)" != "$first" ] || broken+=("sync: $call $n: the successor is not installed")
			done
		done
	done
	verdict "$fault" "$how"
}

kill_renewal() {
	needs "${FUNCNAME[0]}" strace strace || return
	renewal_call "${FUNCNAME[0]}-calls" "SIGKILL at each rename, link and sync of a renewal, and at its hook" signal=KILL renameat renameat2 linkat fsync execve
	onward=+ renewal_call "${FUNCNAME[0]}-enospc" "a disk that is full from the n-th rename or link of a renewal on" error=ENOSPC renameat renameat2 linkat
	renewing "${FUNCNAME[0]}" || return
	watching -q --poll 20ms
	for ((times = 0; times < 50; times++)); do
		component-admin renew --now -q --wait 5s >renew.log 2>&1 &
		moment 400
		ends KILL $!
		component-admin sync --local -q >log 2>&1 || broken+=("sync --local exits $?: $(tail -1 log)")
		pair "killed $times"
	done
	component-admin sync -q --wait 10s >log 2>&1 || broken+=("sync exits $?: $(tail -1 log)")
	ends TERM "$watch"
	renewed "at the end"
	verdict "${FUNCNAME[0]}" "SIGKILL at a random moment of component-admin renew, beside a watch; its hook ran $(wc -l <hooked) times"
	renewal_read_only
}

renewal_read_only() { # the answer is installed from a medium that cannot be written, and what cannot be dropped is said
	needs renewal-read-only root || return
	mounted "$work/renewal-disk" -t tmpfs tmpfs || return
	local exchange=$work/renewal-disk/exchange
	renewing renewal-read-only || return
	for ((times = 0; times < 5; times++)); do
		component-admin renew --now -q >log 2>&1
		answer
		mount -o remount,ro "$work/renewal-disk"
		component-admin sync -q >log 2>&1 || broken+=("sync from a read-only exchange exits $?: $(tail -1 log)")
		renewed "read-only $times"
		component-admin renew --now >run.log 2>&1
		grep -q 'not dropped' run.log || broken+=("renew on a read-only exchange says nothing of it: $(tail -1 run.log)")
		pair "read-only $times, asked"
		mount -o remount,rw "$work/renewal-disk"
		recovers "writable again $times"
	done
	umount "$work/renewal-disk"
	verdict renewal-read-only "the exchange is read-only while a renewal is installed, and while the next one is asked for"
}

# --- a CRL ---

crl_call() { # crl_call FAULT HOW WHAT CALL…: a CRL takes the place of an older one on a host
	local fault=$1 how=$2 what=$3 call n crl
	shift 3
	renewing "$fault" || return
	crl=$COMPONENT_ADMIN_DIR/pki/ca.crl
	sed -i 's/profiles: .*/crls: [ca]/' "$COMPONENT_ADMIN_DIR/component-admin/hooks.yaml"
	ca-admin crl -q ca >log 2>&1 && component-admin sync -q >log 2>&1 || broken+=("the first CRL: $(tail -1 log)")
	for call in "$@"; do
		for ((n = 1; ; n++)); do
			cp "$crl" old && ca-admin crl -q ca >log 2>&1 && : >hooked || broken+=("$call $n: no next CRL: $(tail -1 log)")
			struck "$what" "$call" "${n}${onward:-}" component-admin sync -q ${hooks:-} || break
			said "$call $n"
			times=$((times + 1))
			cmp -s "$crl" old || cmp -s "$crl" "$CA_EXCHANGE/outbox/ca.crl" || broken+=("$call $n: neither the old CRL nor the new one")
			component-admin sync --local -q --exchange "$here/none" >log 2>&1 || broken+=("$call $n: sync --local exits $?: $(tail -1 log)")
			openssl crl -inform DER -in "$crl" 2>&1 | cmp -s - "$crl.pem" || broken+=("$call $n: the CRL in PEM is another one")
			component-admin sync -q >log 2>&1 || broken+=("$call $n: sync exits $?: $(tail -1 log)")
			cmp -s "$crl" "$CA_EXCHANGE/outbox/ca.crl" && openssl crl -in "$crl.pem" -outform DER 2>&1 | cmp -s - "$crl" || lost=$((lost + 1))
			grep -q '"issuer":"ca","crl":' hooked || broken+=("$call $n: the hook was not run")
		done
	done
	verdict "$fault" "$how"
}

crl_calls() {
	needs "${FUNCNAME[0]}" strace strace || return
	crl_call "${FUNCNAME[0]}" "SIGKILL at each system call that writes, and at the hook, of component-admin sync with a new CRL" signal=KILL $calls execve
	# Without hooks: the runtime of Go ends where it cannot write to a pipe of its own.
	local hooks=--no-hooks
	crl_call "${FUNCNAME[0]}-eio" "EIO from each sync, write and rename of it" error=EIO $failing
	onward=+ crl_call "${FUNCNAME[0]}-enospc" "ENOSPC from the n-th sync, write or rename of it on" error=ENOSPC $failing
}

# --- full, read-only ---

mounted() { # mounted DIR MOUNT-ARGUMENTS…
	mkdir -p "$1" && mount "${@:2}" "$1" && return
	echo "${FUNCNAME[1]}: skipped: mount ${*:2} is refused here"
	[ "${CI:-}" != true ] || failed=$((failed + 1))
	return 1
}

fill() { # fill DIR: takes what room is left, to the last byte and the last inode
	local i
	head -c 1G /dev/zero >"$1/filler" 2>/dev/null
	for ((i = 0; i < 3000; i++)); do : >"$1/filler.$i" || break; done 2>/dev/null
}

full() { # full FAULT WHERE LIMIT WORDS: a tmpfs holds the exchange or the CA directory, and has no room while a watch works
	needs "$1" root || return
	local fault=$1 disk=$work/$1-disk
	mounted "$disk" -t tmpfs -o "$3" tmpfs || return
	local "$2=$disk/it"
	world "$fault"
	watching --poll 20ms
	soon 5 grep -q ^watching watch.log # at its start an error would end it: a person is there then
	for ((times = 0; times < 5; times++)); do
		: >watch.log
		kill -STOP "$watch" # or it would be faster than the disk is full
		drop 40
		fill "$disk"
		kill -CONT "$watch"
		soon 10 eval 'answered || grep -q "cannot serve the exchange" watch.log' || broken+=("neither answers nor a word of why")
		sleep 0.2
		rm -f "$disk"/filler*
		soon 20 answered || broken+=("with room again, not all is answered: $(tail -1 watch.log)")
		serving
	done
	ends TERM "$watch"
	promises
	verdict "$fault" "no room ($3) $4, under a running watch"
}

serving() { # one warning for each change: before the next trouble the watch has to know that this one is over
	! grep -q 'cannot serve the exchange' watch.log || soon 10 grep -q '^serving again' watch.log || broken+=("the watch does not say that it serves again")
}

disk_full() {
	full exchange-bytes exchange size=3m "for bytes where the exchange lies"
	full exchange-inodes exchange nr_inodes=400 "for files where the exchange lies"
	full ca-bytes ca size=40m "for bytes where the CA directory lies"
	full ca-inodes ca nr_inodes=30 "for files where the CA directory lies"
}

# The requests come by another mount of the same directory, as from another host.
read_only() {
	needs "${FUNCNAME[0]}" root || return
	mounted "$work/ro-disk" -t tmpfs tmpfs || return
	mounted "$work/ro-seen" --bind "$work/ro-disk" || return
	local exchange=$work/ro-seen/exchange inbox=$work/ro-disk/exchange/inbox warnings
	world read-only
	watching --poll 20ms
	soon 5 grep -q ^watching watch.log
	for ((times = 0; times < 5; times++)); do
		mount -o remount,bind,ro "$work/ro-seen"
		: >watch.log
		drop 20
		soon 10 grep -q 'cannot serve the exchange' watch.log || broken+=("the watch does not say that nothing can be written")
		sleep 0.5
		warnings=$(grep -c 'cannot serve the exchange' watch.log)
		[ "$warnings" = 1 ] || broken+=("$warnings warnings of one state")
		known
		mount -o remount,bind,rw "$work/ro-seen"
		soon 20 answered || broken+=("writable again, not all is answered: $(tail -1 watch.log)")
		serving
	done
	ends TERM "$watch"
	promises
	verdict "${FUNCNAME[0]}" "the exchange is remounted read-only under a running watch, and writable again"
}

# --- power cut ---

# What was not synced is gone after a shutdown of the file system; -f writes its journal first, as a controller's
# battery may.
power_cut() {
	local kind
	for kind in ext4 xfs; do
		needs "power-cut-$kind" root xfs_io xfsprogs "mkfs.$kind" "$([ $kind = xfs ] && echo xfsprogs || echo e2fsprogs)" || continue
		truncate -s 320M "$work/$kind.img" && "mkfs.$kind" -q "$work/$kind.img"
		mounted "$work/$kind" -o loop "$work/$kind.img" || continue
		cut_off "$kind" exchange exchange
		cut_off "$kind" ca "CA directory"
		umount "$work/$kind"
	done
}

cut_off() { # cut_off KIND WHERE WORDS
	local disk=$work/$1 fault=power-cut-$1-$2 flush=
	local "$2=$disk/$2"
	world "$fault"
	for ((times = 0; times < 20; times++)); do
		drop 20
		sync -f "$CA_EXCHANGE/inbox" # whoever dropped them was told that they are there
		watching --poll 20ms
		moment 100
		xfs_io -x -c "shutdown$flush" "$disk" >log 2>&1 || broken+=("$(tail -1 log)")
		[ "$flush" ] && flush='' || flush=' -f'
		moment 100 # the watch goes on without a disk
		ends KILL "$watch"
		umount "$disk" && mount -o loop "$disk.img" "$disk" || broken+=("the disk does not come back")
		known
		[ $((times % 3)) != 0 ] || answer # and else the next watch recovers
	done
	answer
	promises
	verdict "$fault" "power cut of the $1 that holds the $3, while a watch works"
}

# --- sticks and other hosts ---

handoff() { # both roles, as often as asked: what is dropped is answered, fetched, installed
	for ((times = 0; times < $1; times++)); do
		ask 2
		answer
		component-admin sync -q >log 2>&1 || broken+=("sync exits $?: $(tail -1 log)")
	done
	installed
}

on_stick() { # on_stick FAULT HOW: the exchange lies on $work/stick, which is mounted and is unmounted here
	local exchange=$work/stick/exchange
	world "$1" || return
	drop 20
	answer
	folded
	promises # before component-admin takes answers away
	# A name with what vfat reserves: it never gets into a file's.
	component-admin request server -q --ip 2001:db8::5 --key-type ECDSA-P256 >log 2>&1 || broken+=("request exits $?: $(tail -1 log)")
	echo 2001_db8__5 >>asked
	handoff 5
	umount "$work/stick"
	verdict "$1" "$2"
}

# Two requests whose names are one to this file system: the second, in a trusted inbox, succeeds the first, whose answer
# moves beside it.
folded() {
	local first=${pool[$next]} second=${pool[$((next + 1))]} crt
	next=$((next + 2))
	cp "$first" "$CA_EXCHANGE/inbox/Fold.csr" && answer
	cp "$second" "$CA_EXCHANGE/inbox/fold.csr" && answer
	for crt in "$(cd "$CA_EXCHANGE/outbox" && ls | sed -n 's/^\(Fold\..*\)\.crt$/\1/p')" fold; do
		[ "$(openssl x509 -in "$CA_EXCHANGE/outbox/$crt.crt" -noout -pubkey 2>&1)" = "$(openssl req -in "$first" -noout -pubkey 2>&1)" ] || broken+=("$crt.crt is not its answer")
		first=$second
	done
}

stick() {
	local loop
	mkdir -p "$work/stick"
	truncate -s 64M "$work/vfat.img" "$work/exfat.img"
	if needs vfat root mkfs.vfat dosfstools; then
		mkfs.vfat -F 32 "$work/vfat.img" >/dev/null
		if mount -o loop "$work/vfat.img" "$work/stick" 2>/dev/null; then
			on_stick vfat "the whole hand-off on the kernel's vfat"
		elif needs vfat fusefat fusefat; then
			fusefat -o rw+ "$work/vfat.img" "$work/stick" >log 2>&1 || broken+=("fusefat: $(tail -1 log)")
			on_stick vfat "the whole hand-off on fusefat (this kernel cannot mount vfat)"
		fi
	fi
	if needs exfat root mkfs.exfat exfatprogs; then
		mkfs.exfat "$work/exfat.img" >/dev/null
		if mount -o loop "$work/exfat.img" "$work/stick" 2>/dev/null; then
			on_stick exfat "the whole hand-off on exfat"
		elif needs exfat mount.exfat-fuse exfat-fuse; then
			loop=$(losetup -f --show "$work/exfat.img")
			mount.exfat-fuse "$loop" "$work/stick" >log 2>&1 || broken+=("exfat-fuse: $(tail -1 log)")
			on_stick exfat "the whole hand-off on exfat-fuse, on a loop device"
			losetup -d "$loop"
		fi
	fi
}

# The CA's host sees the exchange by sshfs only; the other side writes on its own disk, so no event tells of it.
remote() {
	needs "${FUNCNAME[0]}" root sshfs sshfs sshd openssh-server ssh-keygen openssh-client || return
	local ssh=$work/ssh port=$((20000 + RANDOM % 20000)) poll=2 began took slowest=0
	mkdir -p "$ssh" "$work/far" "$work/near"
	[ -d /run/sshd ] || { mkdir /run/sshd && made=/run/sshd; } # where sshd locks itself in
	ssh-keygen -q -t ed25519 -N '' -f "$ssh/host" && ssh-keygen -q -t ed25519 -N '' -f "$ssh/user" || return
	printf '%s\n' "Port $port" 'ListenAddress 127.0.0.1' "HostKey $ssh/host" "AuthorizedKeysFile $ssh/user.pub" 'StrictModes no' \
		'PidFile none' 'Subsystem sftp internal-sftp' >"$ssh/config"
	"$(command -v sshd)" -D -e -f "$ssh/config" >"$ssh/log" 2>&1 &
	started+=($!)
	disown # its end is no news
	soon 5 grep -q listening "$ssh/log"
	if ! sshfs -p "$port" -o "IdentityFile=$ssh/user,StrictHostKeyChecking=no,UserKnownHostsFile=/dev/null,dir_cache=no" "root@127.0.0.1:$work/far" "$work/near" 2>"$ssh/mount"; then
		times=1 broken=("sshfs: $(cat "$ssh/mount" "$ssh/log")")
		verdict "${FUNCNAME[0]}" "sshfs over a loopback sshd"
		return
	fi
	local exchange=$work/near/exchange inbox=$work/far/exchange/inbox outbox=$work/far/exchange/outbox
	world "${FUNCNAME[0]}"
	watching --poll ${poll}s
	soon 5 grep -q '^watching.*polling' watch.log || broken+=("the watch does not say that it polls")
	for ((times = 0; times < 5; times++)); do
		began=$(date +%s%3N)
		drop 5
		soon 60 answered || broken+=("no answer within a minute")
		took=$(($(date +%s%3N) - began))
		[ $took -le $slowest ] || slowest=$took
	done
	[ $slowest -le $((poll * 2000)) ] || broken+=("the slowest answer took longer than two polls of $poll s")
	ends TERM "$watch"
	umount "$work/near"
	exchange= CA_EXCHANGE=$work/far/exchange
	promises
	verdict "${FUNCNAME[0]}" "dropped on the far side of an sshfs, answered after $slowest ms at most by a watch that polls every $poll s"
}

# --- a file system that lies, hangs, vanishes ---

breaking() { # breaking FAULT: a file system of our own over $work/below, which breaks as $work/rule says
	needs "$1" root || return
	if ! (cd "$root/test/fuse" && GOWORK=off go build -o "$work/bin/fuse" .) || [ ! -e /dev/fuse ]; then
		missing_tool "$1" "a kernel with FUSE"
		return 1
	fi
	mkdir -p "$work/below" "$work/broken"
	over || { times=1 broken=("fuse: $(cat "$work/fuse.log")"); verdict "$1" "a FUSE file system of its own"; return 1; }
	exchange=$work/broken/$1 inbox=$work/below/$1/inbox outbox=$work/below/$1/outbox
}

over() { # mounts it
	"$work/bin/fuse" "$work/below" "$work/broken" "$work/rule" >>"$work/fuse.log" 2>&1 &
	fuse=$!
	started+=("$fuse")
	disown
	soon 5 mountpoint -q "$work/broken"
}
rule() { echo "$*" >"$work/rule.new" && mv "$work/rule.new" "$work/rule"; } # rule CALL FROM TO WHAT; nothing for none
met() { wc -l <"$work/fuse.log"; }
unbroken() {
	rule
	ends TERM "$watch"
	CA_EXCHANGE=$work/below/$(basename "$exchange")
	umount -l "$work/broken"
}

# Each call of an exchange fails once, at each of its first turns, and then for as long as somebody may need to mend it.
lying() {
	local exchange inbox outbox fuse call what n warned before
	breaking "${FUNCNAME[0]}" || return
	world "${FUNCNAME[0]}"
	onlooker "$outbox"
	watching --poll 50ms
	soon 5 grep -q ^watching watch.log
	for call in create write fsync rename unlink readdir; do
		for what in EIO ENOSPC; do
			for n in 1 2 3; do
				before=$(met)
				rule "$call" $n $n $what
				drop 2
				soon 20 answered || broken+=("no answer after $what from $call $n")
				times=$((times + $(met) - before))
			done
			rule "$call" 1 1000000 $what
			warned=$(grep -c 'cannot serve the exchange' watch.log)
			drop 2
			sleep 1
			warned=$(($(grep -c 'cannot serve the exchange' watch.log) - warned))
			[ $warned -le 1 ] || broken+=("warned $warned times of $what from $call: $(tail -1 watch.log)")
			rule
			soon 20 answered || broken+=("no answer after a second of $what from $call")
		done
	done
	unbroken
	seen
	promises
	verdict "${FUNCNAME[0]}" "EIO and ENOSPC from a FUSE file system's create, write, fsync, rename, unlink and readdir, once and for a second, under ca-admin watch"
}

lying_component() {
	local exchange inbox outbox fuse call what n before
	breaking "${FUNCNAME[0]}" || return
	world "${FUNCNAME[0]}"
	watching -q --poll 50ms
	for call in create write fsync rename unlink; do
		for what in EIO ENOSPC; do
			for n in 1 2; do
				before=$(met)
				rule "$call" $n $n $what
				component-admin request server -q --dns "l$next.example" --key-type ECDSA-P256 >log 2>&1
				echo "l$next.example" >>asked
				next=$((next + 1))
				component-admin sync -q >log 2>&1
				rule
				component-admin sync -q --wait 20s >log 2>&1 || broken+=("sync after $what from $call $n exits $?: $(tail -1 log)")
				times=$((times + $(met) - before))
			done
		done
	done
	unbroken
	installed
	verdict "${FUNCNAME[0]}" "the same under component-admin request and sync, beside the watch"
}

# A directory that never answers: the watch says so and can be stopped, and what does not need it goes on.
hanging() {
	local exchange inbox outbox fuse
	breaking "${FUNCNAME[0]}" || return
	world "${FUNCNAME[0]}"
	watching --poll 50ms
	drop 2
	soon 20 answered
	rule readdir 1 1000000 hang
	drop 2
	soon 60 grep -q 'this pass takes long' watch.log || broken+=("the watch says nothing of it")
	timeout -k 5 30 ca-admin status >log 2>&1 || broken+=("status hangs, too")
	grep -q 'has not answered for' log || broken+=("status: $(tail -1 log)")
	timeout -k 5 10 ca-admin sign --yes "${pool[$next]}" --out by-hand.crt >log 2>&1 || broken+=("sign: $(tail -1 log)")
	timeout -k 5 10 ca-admin list >log 2>&1 || broken+=("list hangs")
	rule
	soon 20 answered || broken+=("no answer after it came back")
	rule readdir 1 1000000 hang
	sleep 1
	kill -TERM "$watch"
	soon 10 gone "$watch" || broken+=("it cannot be stopped")
	rule
	drop 2
	rule lookup 1 1000000 hang # now it does not even say whether it is there
	unset CA_EXCHANGE
	watching --poll 50ms # as at boot: it serves what the CA remembers
	export CA_EXCHANGE=$exchange
	soon 20 grep -q 'the exchange does not answer; waiting for it' watch.log || broken+=("a watch that starts says nothing of it")
	rule
	soon 20 answered || broken+=("no answer by the watch that started without the exchange")
	times=3
	unbroken
	promises
	verdict "${FUNCNAME[0]}" "a directory that does not answer, under ca-admin watch and at its start: said after half a minute, stopped at once, served when it was back"
}
gone() { ! kill -0 "$1" 2>/dev/null; }

# The same below component-admin: what needs no exchange goes on, a signal ends what does, and later all is done.
hanging_component() {
	local exchange inbox outbox fuse client
	breaking "${FUNCNAME[0]}" || return
	world "${FUNCNAME[0]}"
	watching -q --poll 50ms
	ask 1
	soon 20 answered
	rule readdir 1 1000000 hang
	component-admin sync >log 2>&1 &
	client=$!
	sleep 1
	timeout -k 5 10 component-admin status >status.log 2>&1 || broken+=("status exits $?: $(tail -1 status.log)")
	kill -INT "$client"
	soon 5 gone "$client" || broken+=("sync cannot be stopped")
	wait "$client"
	grep -q 'does not answer' log || broken+=("sync: $(tail -1 log)")
	rule
	component-admin sync -q --wait 20s >log 2>&1 || broken+=("sync exits $? when it is back: $(tail -1 log)")
	times=1
	unbroken
	installed
	verdict "${FUNCNAME[0]}" "a directory that does not answer, under component-admin: looking goes on, a signal ends sync, served when it was back"
}

# The file system dies in a rename, before it or after, and comes back: a stick that is pulled.
vanishing() {
	local exchange inbox outbox fuse what n
	breaking "${FUNCNAME[0]}" || return
	world "${FUNCNAME[0]}"
	onlooker "$outbox"
	watching --poll 50ms
	for what in vanish vanish-late; do
		for n in 1 2 3 4 5; do
			rule rename $n $n $what
			drop 3
			soon 20 gone "$fuse" || { broken+=("it is still there"); break; }
			soon 20 troubled || broken+=("the watch has not noticed")
			rule
			umount -l "$work/broken"
			over || broken+=("not mounted again")
			soon 60 answered || broken+=("no answer after $what in rename $n")
			times=$((times + 1))
		done
	done
	unbroken
	seen
	promises
	verdict "${FUNCNAME[0]}" "a FUSE file system that dies before or after the n-th rename of a pass, and is mounted again"
}
troubled() { tail -3 watch.log | grep -q 'cannot serve the exchange'; }

# --- a flood ---

cpu() { awk '{print $14 + $15}' "/proc/$1/stat"; } # in hundredths of a second
resident() { awk '/VmHWM/ {print int($2 / 1024)}' "/proc/$1/status"; }

flood() {
	local plain before spent
	world flood-none # what a thousand requests take by themselves
	watching -q --poll 1s
	drop 1000
	soon 60 answered
	plain=$(resident "$watch")
	ends TERM "$watch"
	world "${FUNCNAME[0]}"
	(cd "$CA_EXCHANGE/inbox" && seq -f 'junk-%06g.txt' 100000 | xargs touch)
	drop 1000
	watching -q --poll 1s
	soon 60 answered || broken+=("not all is answered")
	times=1
	sleep 2
	before=$(cpu "$watch")
	sleep 5
	spent=$(($(cpu "$watch") - before))
	[ "$(resident "$watch")" -le $((plain + 32)) ] || broken+=("the junk grows the memory") # the collector alone is worth a dozen
	promises
	verdict "${FUNCNAME[0]}" "100000 junk entries beside 1000 requests, memory at most $(resident "$watch") MiB ($plain without junk), each later pass $((spent * 2)) ms of CPU"
	ends TERM "$watch"
}

needs faults openssl openssl sqlite3 sqlite3 || { echo "$passed passed, $failed failed"; exit $failed; }
go build -o "$work/bin/" ./cmd/... ./bench/requests ./test/whole || exit 1
requests 3000 "$work/requests" || exit 1
cd "$work" || exit 1 # what a fault logs before it has a world belongs here, not into the checkout
pool=("$work"/requests/*)
faults=(kill_watch kill_component kill_ca_calls kill_component_calls fail_ca_calls fail_component_calls
	kill_renewal crl_calls disk_full read_only power_cut stick remote lying lying_component hanging hanging_component vanishing flood)
[ $# = 0 ] || faults=("$@")
for fault in "${faults[@]}"; do $fault; done
echo "$passed passed, $failed failed"
[ $failed = 0 ]

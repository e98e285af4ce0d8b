#!/usr/bin/env bash
# A hostile request in a real terminal: `ca-admin check` and `show` leave tmux's screen and title as they were, and what
# the request amounts to stands first. Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
command -v tmux >/dev/null || { [ "$(id -u)" = 0 ] && apt-get update -qq >/dev/null && apt-get install -y -qq tmux >/dev/null; }
work=$(mktemp -d)
socket=screens-$$
trap 'tmux -L $socket kill-server 2>/dev/null; rm -rf "$work"' EXIT
go build -o "$work/bin/" ./cmd/ca-admin || exit 1
export PATH="$work/bin:$PATH"
cd "$work" || exit 1
unset CA_EXCHANGE CA_ADMIN_DIR
ca-admin init -q >/dev/null || exit 1
escape=$(printf '\033]0;owned\007\033[2J\033[31m\033[?1049h')
openssl req -new -newkey rsa:2048 -nodes -keyout k.key -utf8 -subj "/CN=kubernetes-super-admin/O=system:masters/OU=$(printf 'a\303\274b')" -out guarded.csr 2>/dev/null
printf '%s\n-----BEGIN CERTIFICATE REQUEST-----\n%s\n-----END CERTIFICATE REQUEST-----\n' "$escape" "$escape" >escape.csr
openssl req -new -key k.key -utf8 -subj "/CN=$escape" -out subject.csr 2>/dev/null
cp guarded.csr "exchange/inbox/guarded.csr"
cp escape.csr "exchange/inbox/$(printf 'x\033[31m').csr"
ca-admin sync -q

passed=0 failed=0
expect() { # expect NAME COMMAND…
	local name=$1
	shift
	if "$@"; then passed=$((passed + 1)); else failed=$((failed + 1)); echo "failed: $name"; fi
}
tmux -L $socket -f /dev/null new-session -d -s s -x 160 -y 50 'sh'
title() { tmux -L $socket display-message -p -t s '#{pane_title} #{alternate_on} #{cursor_flag}'; }
screen() { tmux -L $socket capture-pane -p -t s; }
run() { tmux -L $socket send-keys -t s "clear; $1; echo done-\$?" Enter; for _ in $(seq 100); do screen | grep -q '^done-[0-9]' && return; sleep 0.1; done; }
before=$(title)
for file in guarded escape subject; do
	run "NO_COLOR=1 ca-admin check $file.csr 2>&1"
	expect "check $file: the terminal's state" test "$(title)" = "$before"
	expect "check $file: no colour, no control" sh -c "tmux -L $socket capture-pane -p -e -t s | grep -v '^done' | LC_ALL=C grep -q '[[:cntrl:]]' && exit 1 || exit 0"
done
run "ca-admin check guarded.csr 2>&1"
expect "guarded first" sh -c "tmux -L $socket capture-pane -p -t s | sed -n 2p | grep -q '^GUARDED: '"
run "ca-admin show guarded 2>&1"
expect "show: the terminal's state" test "$(title)" = "$before"
expect "show: guarded above all that is shown" sh -c "tmux -L $socket capture-pane -p -t s | sed -n 2p | grep -q '^GUARDED: '"
run "ca-admin pending 2>&1; ca-admin status 2>&1"
expect "pending, status: the terminal's state" test "$(title)" = "$before"
echo "$passed passed, $failed failed"
[ $failed = 0 ]

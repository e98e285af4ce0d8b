# Sourced by the judges that boot components: the script runs again in a network of its own, where only $addresses
# exist, and in a process tree of its own, with which all that it started ends. That needs root or user namespaces; where
# there are neither it is skipped, in CI it fails. Inside, $work is a directory of its own, and PATH begins with our
# programs and those of Kubernetes: all of them, or only $programs. The script's arguments are what they were. A function
# `prepare`, defined before, adds programs to $work/bin; where one of its own is missing, it calls `missing`.

missing() { # missing WHAT: skips the script, in CI a failure
	echo "skipped: $1"
	[ -z "${CI:-}" ]
	exit
}

if [ "${1:-}" != inside ]; then
	cd "$(dirname "$0")/.." || exit 1
	namespaces="unshare --net --pid --fork --kill-child --mount-proc"
	[ "$(id -u)" = 0 ] || namespaces="$namespaces --map-root-user"
	why=$($namespaces true 2>&1) || missing "no namespaces here: $why"
	work=$(mktemp -d)
	trap 'rm -rf "$work"' EXIT
	go build -o "$work/bin/" ./cmd/... || exit 1
	! declare -F prepare >/dev/null || prepare || exit 1
	cache=$(bash test/kubernetes/build.sh ${programs:-} | tail -1) || exit 1
	cp test/kubernetes/intermediates.sh "$work/bin/"
	PATH="$work/bin:$cache:$PATH:/usr/sbin:/sbin" $namespaces bash "test/$(basename "$0")" inside "$work" "$@"
	exit
fi

work=$2
shift 2
unset CA_EXCHANGE CA_ADMIN_DIR COMPONENT_ADMIN_DIR SSH_AUTH_SOCK KUBECONFIG
ip link set lo up || exit 1
for address in $addresses; do ip address add "$address/32" dev lo || exit 1; done
export NO_PROXY='*' HOME=$work # kubectl keeps a cache below it

passed=0 failed=0 form=""
expect() { # expect NAME COMMAND…
	local name=$1
	shift
	if "$@" >log 2>&1; then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "failed: ${form:+$form: }$name" && tail -5 log; fi
}
refused() { # refused PATTERN COMMAND…: it fails, and says so
	local pattern=$1
	shift
	! "$@" >refusal 2>&1 && grep -qi -e "$pattern" refusal || { cat refusal; return 1; }
}
says() { # says WORDS COMMAND…: on its standard output
	local words=$1
	shift
	"$@" >said && [ "$(cat said)" = "$words" ] || { cat said; return 1; }
}
within() { # within SECONDS COMMAND…: again until it succeeds
	local end=$((SECONDS + $1))
	shift
	until "$@"; do [ $SECONDS -lt $end ] && sleep 0.2 || return 1; done
}
started=()
start() { # start NAME COMMAND…
	local name=$1
	shift
	"$@" >"$name.log" 2>&1 &
	started+=($!)
}
stop() {
	kill -KILL "${started[@]}" 2>/dev/null
	wait "${started[@]}" 2>/dev/null
	started=()
}
total() { # the last line of a judge, and its status
	echo "$passed passed, $failed failed"
	[ $failed = 0 ]
}

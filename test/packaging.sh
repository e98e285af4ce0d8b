#!/usr/bin/env bash
# Is it installed like any program? Builds the committed state twice and an older version once, loads the completions into
# the three shells, reads the manual pages, and installs, uses, upgrades and purges the packages in a copy of this host's
# root (an overlay, so that nothing of it stays). Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
passed=0 failed=0
check() { # check NAME COMMAND…: prints what the command said when it fails
	local name=$1 said
	shift
	if said=$("$@" 2>&1); then passed=$((passed + 1)); else failed=$((failed + 1)) && echo "failed: $name: $said"; fi
}
need() { # need COMMAND PACKAGE
	command -v "$1" >/dev/null && return
	[ "$(id -u)" = 0 ] || { echo "install $2" && exit 1; }
	[ -n "${updated:-}" ] || { apt-get update -qq >/dev/null && updated=1; }
	DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$2" >/dev/null
}
for tool in lintian rpm zsh fish; do need $tool $tool; done
need man man-db
need systemd-analyze systemd
need setpriv util-linux

work=$(mktemp -d)
root=$work/root
end() {
	[ ! -s "$root/run/watch.pid" ] || kill "$(cat "$root/run/watch.pid")" 2>/dev/null
	for mount in "$root/dev" "$root/proc" "$root" "$work/overlay"; do
		! mountpoint -q "$mount" || umount -l "$mount"
	done
	rm -rf "$work"
}
trap end EXIT
architecture=$(go env GOARCH)
export GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*'

head=$(git rev-parse HEAD) # one commit for all builds, though somebody commits meanwhile
build() { # build DIRECTORY VERSION
	git clone -q . "$1" && git -C "$1" checkout -q "$head" && sh "$1/packaging/build.sh" "$2" >"$work/log" 2>&1 || { cat "$work/log"; return 1; }
}
check "an older build" env PLATFORMS="linux/$architecture" bash -c "$(declare -f build); head=$head work=$work; build '$work/older' 0.0.1"
check "a build" build "$work/newer" v0.0.2
(umask 077 && TZ=Asia/Tokyo check "the same build elsewhere" build "$work/else/where" 0.0.2
	exit $failed) || failed=$((failed + 1))
new=$work/newer/dist
check "two builds are the same" cmp "$new/SHA256SUMS" "$work/else/where/dist/SHA256SUMS"
check "SHA256SUMS" bash -c "cd '$new' && sha256sum --quiet -c SHA256SUMS && [ \$(wc -l <SHA256SUMS) = \$((\$(ls | wc -l) - 1)) ]"
check "what is no version" bash -c "! sh '$work/newer/packaging/build.sh' 'v1;x'"

signed() { # the line of README.md, and the verdict of who downloads
	cd "$new" && ssh-keygen -q -t ed25519 -N '' -f "$work/release" &&
		ssh-keygen -q -Y sign -f "$work/release" -n file SHA256SUMS &&
		echo "release $(cat "$work/release.pub")" >"$work/signers" &&
		ssh-keygen -Y verify -f "$work/signers" -I release -n file -s SHA256SUMS.sig <SHA256SUMS
}
check "a signature of SHA256SUMS" signed

archive() {
	tar -C "$work" -xzf "$new/ca-exchange-0.0.2-linux-$architecture.tar.gz" && cd "$work/ca-exchange-0.0.2" &&
		[ "$(./ca-admin --version)" = "ca-admin 0.0.2, commit $(git -C "$work/newer" rev-parse HEAD), $(go env GOVERSION)" ] &&
		./component-admin --version && ! ldd ca-admin && [ -x contrib/hooks/systemd-restart ] && grep -q modernc.org/sqlite licenses.txt
}
check "an archive" archive

page() { local said; said=$(LC_ALL=C.UTF-8 MANWIDTH=80 man -l --warnings "packaging/man/$1.1" 2>&1 >/dev/null) && [ -z "$said" ] || { echo "$said"; return 1; }; }
in_bash() { # in_bash WANT WORD…: what bash completes the last word to
	local want=$1
	shift
	bash -c 'source "packaging/completions/$1.bash"; COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)); "_${1//-/_}" && echo "${COMPREPLY[*]}" && [ "${COMPREPLY[*]}" = "'"$want"'" ]' bash "$@"
}
in_fish() { # in_fish WANT LINE
	local said
	said=$(fish --no-config -c 'source "packaging/completions/'"${2%% *}"'.fish"; complete -C "'"$2"'"' | cut -f 1)
	echo "$said" && [ "$said" = "$1" ]
}
in_zsh() { # in_zsh WANT LINE: types the line and a tab into a shell on a terminal of its own
	timeout 30 zsh -f -c '
		zmodload zsh/zpty
		export TERM=dumb
		zpty shell "zsh -f -i"
		zpty -w shell "PROMPT=; fpath=($PWD/packaging/completions \$fpath); autoload -Uz compinit; compinit -u -D; echo LO""ADED"
		zpty -r -m shell said "*LOADED*"
		sleep 0.3
		zpty -w -n shell "$2"$'"'\\t'"'
		zpty -r -m shell said "*$1*" && print -r -- "$said"
		zpty -d shell' zsh "$1" "$2"
}
for program in ca-admin component-admin; do
	check "manual page of $program" page $program
	check "bash: options of $program" in_bash --log-format $program --log-
	check "fish: options of $program" in_fish --log-format "$program --log-"
	check "zsh: options of $program" in_zsh "--log-format=" "$program --log-"
done
check "bash: profile" in_bash kube-scheduler ca-admin --dir x profiles kube-s
check "bash: profile of an option" in_bash server,kube-scheduler ca-admin enroll web --profile = server,kube-s
check "bash: profile to request" in_bash kube-scheduler component-admin request kube-s
check "fish: profile" in_fish kube-scheduler "ca-admin --dir x profiles kube-s"
check "fish: profile of an option" in_fish server,kube-scheduler "ca-admin enroll web --profile server,kube-s"
check "fish: profile to request" in_fish kube-scheduler "component-admin request kube-s"
check "zsh: profile" in_zsh kube-scheduler "ca-admin --dir x profiles kube-s"
check "zsh: profile of an option" in_zsh server,kube-scheduler "ca-admin enroll web --profile server,kube-sch"
check "zsh: profile to request" in_zsh kube-scheduler "component-admin request kube-s"

check "lintian" lintian --allow-root --fail-on error "$new"/*.deb
scripts() { # the rpm runs the same scripts as the .deb, and each of them
	local said script
	said=$(rpm -qp --scripts "$new"/ca-exchange-"$1"-*.rpm) || return
	for script in packaging/"$1"/*.sh; do
		[[ $said == *"$(cat "$script")"* ]] || { echo "no $script in: $said"; return 1; }
	done
}
check "scripts of the .rpm of ca-admin" scripts ca
check "scripts of the .rpm of component-admin" scripts component
lists() { # the two kinds of package hold the same files, but for what only Debian wants
	diff <(dpkg-deb -c "$new"/ca-exchange-"$1"_*_amd64.deb | awk '$1 !~ /^d/ {print substr($6, 2)}' | grep -v 'lintian\|copyright$\|changelog.gz$' | sed s/vendor-completions/site-functions/ | sort) \
		<(rpm -qpl "$new"/ca-exchange-"$1"-*.x86_64.rpm | while read -r file; do case $file in */ca-exchange-$1 | */docs) ;; *) echo "$file" ;; esac; done | sort)
}
check "files of the packages of ca-admin" lists ca
check "files of the packages of component-admin" lists component

# From here on: a copy of this host's root, in which packages are installed.
inside() { chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C DEBIAN_FRONTEND=noninteractive "$@"; }
as_user() { inside setpriv --reuid=ca-admin --regid=ca-admin --clear-groups "$@"; }
copy() {
	mkdir -p "$root" "$work/overlay" && mount -t tmpfs tmpfs "$work/overlay" && mkdir "$work/overlay/up" "$work/overlay/work" &&
		mount -t overlay overlay -o "lowerdir=/,upperdir=$work/overlay/up,workdir=$work/overlay/work" "$root" &&
		mount --bind /dev "$root/dev" && mount -t proc proc "$root/proc" &&
		mkdir -p "$root/run/systemd/system" "$root/packages" && rm -f "$root/usr/bin/systemctl" &&
		cp "$work"/older/dist/*.deb "$new"/*"_$architecture.deb" "$root/packages/" && manager >"$root/usr/bin/systemctl" &&
		chmod 755 "$root/usr/bin/systemctl"
}
manager() { # a service manager with one service, which says what it was asked
	cat <<-'END'
		#!/bin/sh
		echo "$*" >>/run/systemctl.log
		case $1 in
		list-units) [ ! -s /run/watch.pid ] || echo "ca-admin.service loaded active running" ;;
		stop) [ ! -s /run/watch.pid ] || kill $(cat /run/watch.pid); rm -f /run/watch.pid ;;
		start)
			setpriv --reuid=ca-admin --regid=ca-admin --clear-groups \
				ca-admin --dir /var/lib/ca-admin/ca watch --exchange /srv/exchange >/run/watch.log 2>&1 &
			echo $! >/run/watch.pid
			;;
		esac
	END
}
installed() { # the user and its directory are there, and nothing is enabled or started
	inside dpkg -i /packages/ca-exchange-ca_0.0.1_"$architecture".deb || return
	[ "$(inside stat -c '%U %G %a' /var/lib/ca-admin)" = "ca-admin ca-admin 700" ] || return
	! find "$root/etc/systemd/system" -name 'ca-admin*' | grep . && ! grep -E '^(enable|start)' "$root/run/systemctl.log"
}
used() {
	inside install -d -o ca-admin /srv/exchange &&
		as_user ca-admin --dir /var/lib/ca-admin/ca init --issuer ca --key-type ECDSA-P256 --exchange /srv/exchange &&
		as_user sh -c 'echo "# ours" >>/var/lib/ca-admin/ca/policy.yaml' && inside systemctl start ca-admin.service && serves
}
serves() { # until the watch holds its lock
	for _ in $(seq 100); do
		[ ! -e "$root/var/lib/ca-admin/ca/watch.json" ] || return 0
		sleep 0.1
	done
	cat "$root/run/watch.log" && return 1
}
kept() { (cd "$root/var/lib/ca-admin/ca" && sha256sum ca.key ca.crt policy.yaml && stat -c '%n %U %a' . ca.key policy.yaml); }
upgraded() { # the watch is stopped, then the files are replaced, then it starts again; the CA directory is as it was
	local before was
	before=$(kept) was=$(cat "$root/run/watch.pid")
	: >"$root/run/systemctl.log"
	inside dpkg -i /packages/ca-exchange-ca_0.0.2_"$architecture".deb && [ "$(kept)" = "$before" ] || return
	grep -v list-units "$root/run/systemctl.log" | paste -sd ';' | grep -x 'stop ca-admin.service;daemon-reload;start ca-admin.service' || return
	[ "$(cat "$root/run/watch.pid")" != "$was" ] && ! kill -0 "$was" 2>/dev/null && serves &&
		inside ca-admin --version | grep '^ca-admin 0.0.2,' && as_user ca-admin --dir /var/lib/ca-admin/ca verify
}
verified() { local said; said=$(inside systemd-analyze verify ca-admin.service ca-admin@prod.service component-admin-renew.service component-admin-renew.timer component-admin-finish.service 2>&1 | grep -E 'admin|/usr/lib/systemd/system/c') || return 0; echo "$said" && return 1; }
purged() {
	local before
	before=$(kept)
	inside dpkg --purge ca-exchange-ca && [ ! -e "$root/usr/bin/ca-admin" ] && [ "$(kept)" = "$before" ] &&
		[ ! -e "$root/run/watch.pid" ] && inside id ca-admin
}
again() { inside dpkg -i /packages/ca-exchange-ca_0.0.2_"$architecture".deb && as_user ca-admin --dir /var/lib/ca-admin/ca verify; }
component() {
	inside dpkg -i /packages/ca-exchange-component_0.0.2_"$architecture".deb && inside component-admin --version &&
		inside test -x /usr/libexec/ca-exchange/systemd-restart && ! find "$root/etc/systemd/system" -name 'component-admin*' | grep .
}
if [ "$(id -u)" != 0 ]; then
	echo "not root: the packages were not installed"
else
	check "a copy of this host" copy
	check "the .deb is installed" installed
	check "ca-admin runs as its user" used
	check "the .deb of component-admin is installed" component
	check "an upgrade with a watch" upgraded
	check "systemd-analyze verify" verified
	check "a purge leaves the CA directory" purged
	check "an installation after a purge" again
	check "a purge of component-admin" inside dpkg --purge ca-exchange-component
fi

echo "$passed passed, $failed failed"
[ $failed = 0 ]

#!/bin/sh
# Makes the user and its directory where they are missing, and starts what an upgrade stopped. It enables nothing, reads
# no CA directory and migrates no ledger: `ca-admin migrate` is a person's command. dpkg says "configure" (or "abort-…"
# after a failure, with the old files), rpm says 1 or 2.
set -e
case ${1:-} in
configure | abort-* | 1 | 2) ;;
*) exit 0 ;;
esac
home=/var/lib/ca-admin
if ! getent passwd ca-admin >/dev/null; then
	useradd --system --user-group --home-dir "$home" --no-create-home --shell /usr/sbin/nologin \
		--comment 'certificate authority' ca-admin
fi
# What exists keeps its owner and mode: an administrator may have chosen others.
if [ ! -e "$home" ]; then
	install -d -o ca-admin -g ca-admin -m 0700 "$home"
fi
if [ -d /run/systemd/system ]; then
	systemctl daemon-reload || true
	if [ -f /run/ca-exchange-watches ]; then
		xargs -r systemctl start </run/ca-exchange-watches ||
			echo 'ca-exchange-ca: a watch did not start: systemctl status ca-admin' >&2
		rm -f /run/ca-exchange-watches
	fi
fi

#!/bin/sh
# Before an upgrade replaces files: stops the watches that run, so that no older program serves beside the new files, and
# remembers them for postinstall.sh. dpkg says "upgrade", rpm says 2.
set -e
case ${1:-} in
upgrade | 2)
	if [ -d /run/systemd/system ]; then
		systemctl list-units --plain --no-legend --state=active,activating,reloading \
			'ca-admin.service' 'ca-admin@*.service' | cut -d ' ' -f 1 >/run/ca-exchange-watches
		xargs -r systemctl stop </run/ca-exchange-watches
	fi
	;;
esac

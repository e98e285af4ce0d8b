#!/bin/sh
# Before a removal: stops and disables the watches. dpkg says "remove", rpm says 0; both say something else before an
# upgrade, which preinstall.sh prepares.
set -e
case ${1:-} in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl stop ca-admin.service 'ca-admin@*.service'
	fi
	for link in /etc/systemd/system/multi-user.target.wants/ca-admin.service \
		/etc/systemd/system/multi-user.target.wants/ca-admin@*.service; do
		if [ -L "$link" ]; then rm -f "$link"; fi
	done
	;;
esac

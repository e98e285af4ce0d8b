#!/bin/sh
# Before a removal: stops and disables the timer. A renewal that runs is let finish. dpkg says "remove", rpm says 0.
set -e
case ${1:-} in
remove | 0)
	if [ -d /run/systemd/system ]; then
		systemctl stop component-admin-renew.timer
	fi
	rm -f /etc/systemd/system/timers.target.wants/component-admin-renew.timer \
		/etc/systemd/system/multi-user.target.wants/component-admin-finish.service
	;;
esac

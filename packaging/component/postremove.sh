#!/bin/sh
# After a removal or a purge: what lies below /etc/kubernetes stays, the identity and the components' keys above all.
set -e
case ${1:-} in
remove | purge | 0)
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload || true
	fi
	;;
esac

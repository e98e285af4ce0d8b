#!/bin/sh
# After a removal or a purge. A CA directory holds keys that nothing makes again, so no package deletes one: only a person
# does. The user stays with it, or its files would belong to whoever gets the number next.
set -e
case ${1:-} in
remove | purge | 0)
	if [ -d /run/systemd/system ]; then
		systemctl daemon-reload || true
	fi
	rmdir /var/lib/ca-admin 2>/dev/null || true # only where it is empty
	if [ -d /var/lib/ca-admin ]; then
		echo 'ca-exchange-ca: /var/lib/ca-admin and user ca-admin are left: they hold CA keys' >&2
	fi
	;;
esac

package durable

import (
	"net"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// address is a socket's path, of which the kernel takes 103 bytes: a longer one is EINVAL.
func (d *Dir) address(name string) *net.UnixAddr {
	return &net.UnixAddr{Name: filepath.Join(d.path, name), Net: "unix"}
}

// Peer is the user at the other end of a connection (unix(4), LOCAL_PEERCRED).
func Peer(connection *net.UnixConn) (user int, err error) {
	raw, err := connection.SyscallConn()
	if err != nil {
		return 0, err
	}
	var peer *unix.Xucred
	if err := raw.Control(func(fd uintptr) {
		peer, err = unix.GetsockoptXucred(int(fd), unix.SOL_LOCAL, unix.LOCAL_PEERCRED)
	}); err != nil {
		return 0, err
	}
	if err != nil {
		return 0, err
	}
	return int(peer.Uid), nil
}

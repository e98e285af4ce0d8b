package durable

import (
	"fmt"
	"net"

	"golang.org/x/sys/unix"
)

// address leads to a socket through the descriptor: the kernel takes 107 bytes of a path (unix(7)), and that of a
// directory may be longer.
func (d *Dir) address(name string) *net.UnixAddr {
	return &net.UnixAddr{Name: fmt.Sprintf("/proc/self/fd/%d/%s", d.fd, name), Net: "unix"}
}

// Peer is the user at the other end of a connection (unix(7), SO_PEERCRED).
func Peer(connection *net.UnixConn) (user int, err error) {
	raw, err := connection.SyscallConn()
	if err != nil {
		return 0, err
	}
	var peer *unix.Ucred
	if err := raw.Control(func(fd uintptr) {
		peer, err = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return 0, err
	}
	if err != nil {
		return 0, err
	}
	return int(peer.Uid), nil
}

package durable

import (
	"errors"
	"io/fs"
	"net"

	"golang.org/x/sys/unix"
)

// ErrNotSocket means that something else has the name of a socket.
var ErrNotSocket = errors.New("is not a socket")

// ErrNobody means that nobody answers on a socket: there is none, or it is of a process that was killed.
var ErrNobody = errors.New("nobody answers")

// Listen makes a socket of mode 0600 in d, in place of one that a killed process left: the caller holds a lock that
// says so. Its name stays when the listener is closed.
func (d *Dir) Listen(name string) (*net.UnixListener, error) {
	switch s, err := d.Stat(name); {
	case err == nil && s.Mode&fs.ModeSocket == 0:
		return nil, d.fail("listen", name, ErrNotSocket)
	case err == nil:
		if err := d.Remove(name); err != nil {
			return nil, err
		}
	case !errors.Is(err, fs.ErrNotExist):
		return nil, err
	}
	listener, err := net.ListenUnix("unix", d.address(name))
	if err != nil {
		return nil, d.fail("listen", name, err)
	}
	listener.SetUnlinkOnClose(false) // by its address, which may lead elsewhere by then
	if err := unix.Fchmodat(d.fd, name, 0o600, 0); err != nil {
		return nil, errors.Join(d.fail("chmod", name, err), listener.Close())
	}
	return listener, nil
}

// Dial connects to a socket in d.
func (d *Dir) Dial(name string) (*net.UnixConn, error) {
	connection, err := net.DialUnix("unix", nil, d.address(name))
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ECONNREFUSED) {
		err = ErrNobody
	}
	if err != nil {
		return nil, d.fail("dial", name, err)
	}
	return connection, nil
}

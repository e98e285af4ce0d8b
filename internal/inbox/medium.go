package inbox

import "ca-exchange/internal/durable"

// Network reports whether a server has the exchange, so that nobody unplugs it. FUSE does not say: a stick with exFAT
// may be mounted so, and sshfs is.
func (x *Exchange) Network() bool {
	self, err := x.in.dir.Self()
	name := remoteFileSystems[self.FileSystem]
	return err == nil && name != "" && name != "FUSE"
}

// Apart reports whether the exchange lies on a medium of its own: another one than home, and no server's.
func (x *Exchange) Apart(home *durable.Dir) bool {
	here, err := x.in.dir.Self()
	there, homeErr := home.Self()
	return err == nil && homeErr == nil && here.Dev != there.Dev && !x.Network()
}

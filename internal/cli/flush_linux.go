package cli

import "golang.org/x/sys/unix"

// discardTyped drops what was typed and not read yet.
func discardTyped(fd int) error { return unix.IoctlSetInt(fd, unix.TCFLSH, unix.TCIFLUSH) }

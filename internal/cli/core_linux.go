package cli

import "golang.org/x/sys/unix"

// undumpable keeps other processes of the same user from the memory of this one (prctl(2), PR_SET_DUMPABLE): no
// debugger attaches, and /proc/PID is root's. Also a handler that the kernel pipes cores to gets none, which the limit
// alone does not stop. The programs that this one starts are as dumpable as ever.
func undumpable() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }

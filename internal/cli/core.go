package cli

import "syscall"

// noCoreDumps keeps what a crash would write to a disk from being written: the memory of both programs holds private
// keys. The kernel's own limit does it (setrlimit(2), RLIMIT_CORE), also for the programs started by this one. Where
// the limit cannot be set the program goes on. Root can still read a running process's memory.
func noCoreDumps() {
	_ = syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
	undumpable()
}

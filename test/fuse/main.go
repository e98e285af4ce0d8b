// Fuse shows a directory as a file system of its own that breaks on command, for test/faults.sh:
//
//	fuse BACKING MOUNTPOINT RULE
//
// RULE is a file of lines "CALL FROM TO WHAT": the FROM-th to the TO-th such call since the file was last changed meets
// WHAT. CALL is lookup, create, write, fsync, rename, unlink or readdir; WHAT is EIO, ENOSPC, hang (until the rule
// goes, or a signal comes), or vanish and vanish-late (the file system dies before or after the call was carried out).
// Every call that met something is a line on standard output.
package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: fuse BACKING MOUNTPOINT RULE")
		os.Exit(2)
	}
	if err := serve(os.Args[1], os.Args[2], &rules{file: os.Args[3]}); err != nil {
		fmt.Fprintln(os.Stderr, "fuse:", err)
		os.Exit(1)
	}
}

func serve(backing, mountpoint string, r *rules) error {
	root, err := fs.NewLoopbackRoot(backing)
	if err != nil {
		return err
	}
	// Nothing is cached: the other side changes what lies below, and every call must meet its rule.
	var none time.Duration
	server, err := fs.Mount(mountpoint, &node{root.(*fs.LoopbackNode), r}, &fs.Options{
		EntryTimeout: &none, AttrTimeout: &none, NegativeTimeout: &none,
		MountOptions: fuse.MountOptions{DirectMount: true, FsName: "broken", Name: "broken"},
	})
	if err != nil {
		return err
	}
	server.Wait()
	return nil
}

// rules are what to break, as the file says.
type rules struct {
	file string

	mu     sync.Mutex
	text   string
	counts map[string]int
}

// meets is what a call meets now; "" for nothing.
func (r *rules) meets(call string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	text, _ := os.ReadFile(r.file) // no file is no rule
	if string(text) != r.text || r.counts == nil {
		r.text, r.counts = string(text), map[string]int{}
	}
	r.counts[call]++
	for line := range strings.Lines(r.text) {
		var name, what string
		var from, to int
		if _, err := fmt.Sscan(line, &name, &from, &to, &what); err == nil && name == call && from <= r.counts[call] &&
			r.counts[call] <= to {
			return what
		}
	}
	return ""
}

// breaks carries a call out, or what it meets instead.
func (r *rules) breaks(ctx context.Context, call string, do func() syscall.Errno) syscall.Errno {
	what := r.meets(call)
	if what == "" {
		return do()
	}
	fmt.Println(call, what)
	switch what {
	case "EIO":
		return syscall.EIO
	case "ENOSPC":
		return syscall.ENOSPC
	case "hang":
		for r.hangs(call) {
			select {
			case <-ctx.Done(): // a signal: without an answer to it the kernel lets no process go
				return syscall.EINTR
			case <-time.After(50 * time.Millisecond):
			}
		}
		return do()
	case "vanish-late":
		do()
	}
	os.Exit(0) // whoever is inside gets ENOTCONN, and so does everybody from now on
	return 0
}

// hangs says whether the rule that a call hangs by is still there.
func (r *rules) hangs(call string) bool {
	text, _ := os.ReadFile(r.file)
	return slices.ContainsFunc(strings.Split(string(text), "\n"), func(line string) bool {
		return strings.HasPrefix(line, call+" ") && strings.HasSuffix(line, " hang")
	})
}

// handle is an open file whose reads and writes all come through here: the kernel may not take a short cut below.
type handle struct{ *fs.LoopbackFile }

func (handle) PassthroughFd() (int, bool) { return 0, false }

func wrap(f fs.FileHandle) fs.FileHandle {
	if file, ok := f.(*fs.LoopbackFile); ok {
		return handle{file}
	}
	return f
}

// node is a file or directory whose calls may meet something.
type node struct {
	*fs.LoopbackNode
	rules *rules
}

func (n *node) WrapChild(_ context.Context, child fs.InodeEmbedder) fs.InodeEmbedder {
	return &node{child.(*fs.LoopbackNode), n.rules}
}

func (n *node) Lookup(
	ctx context.Context, name string, out *fuse.EntryOut,
) (child *fs.Inode, errno syscall.Errno) {
	errno = n.rules.breaks(ctx, "lookup", func() (errno syscall.Errno) {
		child, errno = n.LoopbackNode.Lookup(ctx, name, out)
		return errno
	})
	return child, errno
}

func (n *node) Create(
	ctx context.Context, name string, flags, mode uint32, out *fuse.EntryOut,
) (child *fs.Inode, f fs.FileHandle, fuseFlags uint32, errno syscall.Errno) {
	errno = n.rules.breaks(ctx, "create", func() (errno syscall.Errno) {
		child, f, fuseFlags, errno = n.LoopbackNode.Create(ctx, name, flags, mode, out)
		return errno
	})
	return child, wrap(f), fuseFlags, errno
}

func (n *node) Open(ctx context.Context, flags uint32) (fs.FileHandle, uint32, syscall.Errno) {
	f, fuseFlags, errno := n.LoopbackNode.Open(ctx, flags)
	return wrap(f), fuseFlags, errno
}

func (n *node) Write(
	ctx context.Context, f fs.FileHandle, data []byte, at int64,
) (written uint32, errno syscall.Errno) {
	errno = n.rules.breaks(ctx, "write", func() (errno syscall.Errno) {
		written, errno = f.(fs.FileWriter).Write(ctx, data, at)
		return errno
	})
	return written, errno
}

func (n *node) Fsync(ctx context.Context, f fs.FileHandle, flags uint32) syscall.Errno {
	return n.rules.breaks(ctx, "fsync", func() syscall.Errno {
		if file, ok := f.(fs.FileFsyncer); ok {
			return file.Fsync(ctx, flags)
		}
		return 0 // a directory: what lies below is on a disk that is not at stake
	})
}

func (n *node) Rename(
	ctx context.Context, name string, to fs.InodeEmbedder, newName string, flags uint32,
) syscall.Errno {
	return n.rules.breaks(ctx, "rename", func() syscall.Errno {
		return n.LoopbackNode.Rename(ctx, name, to, newName, flags)
	})
}

func (n *node) Unlink(ctx context.Context, name string) syscall.Errno {
	return n.rules.breaks(ctx, "unlink", func() syscall.Errno { return n.LoopbackNode.Unlink(ctx, name) })
}

func (n *node) OpendirHandle(
	ctx context.Context, flags uint32,
) (f fs.FileHandle, fuseFlags uint32, errno syscall.Errno) {
	errno = n.rules.breaks(ctx, "readdir", func() (errno syscall.Errno) {
		f, fuseFlags, errno = n.LoopbackNode.OpendirHandle(ctx, flags)
		return errno
	})
	return f, fuseFlags, errno
}

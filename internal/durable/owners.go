package durable

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
)

// CheckWriters holds a file or directory against the rule that only root and the user who runs may write it. A
// directory with the sticky bit lets nobody replace what is another's, so /tmp may be above a program.
func CheckWriters(path string, s Stat) error {
	sticky := s.Mode.IsDir() && s.Mode&fs.ModeSticky != 0
	switch {
	case s.Owner != 0 && s.Owner != uint32(os.Geteuid()):
		return fmt.Errorf("%q belongs to user %d, not to root or user %d", path, s.Owner, os.Geteuid())
	case s.Mode.Perm()&0o022 != 0 && !sticky:
		return fmt.Errorf("%q has mode %#o: others may write it (chmod go-w %[1]q)", path, s.Mode.Perm())
	}
	return nil
}

// maxLinks bounds the symbolic links on the way to a program, as the kernel does.
const maxLinks = 40

// CheckProgram holds a program, every directory above it and every link on the way against the rule of CheckWriters:
// anybody else who could write one of them would choose what runs.
func CheckProgram(path string) error {
	rest, at := parts(path), "/"
	for links := 0; ; {
		info, err := os.Lstat(at)
		if err != nil {
			return err
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			if links++; links > maxLinks {
				return fmt.Errorf("%q: too many links", path)
			}
			target, err := os.Readlink(at)
			if err != nil {
				return err
			}
			if !filepath.IsAbs(target) {
				target = filepath.Join(filepath.Dir(at), target)
			}
			rest, at = slices.Concat(parts(target), rest), "/"
			continue
		}
		if err := CheckWriters(at, ownership(info)); err != nil {
			return err
		}
		if len(rest) == 0 {
			return nil
		}
		at, rest = filepath.Join(at, rest[0]), rest[1:]
	}
}

// parts are the names of an absolute path below the root.
func parts(path string) []string {
	return strings.FieldsFunc(filepath.Clean(path), func(r rune) bool { return r == '/' })
}

// ownership is what CheckWriters asks of a file. Where the system does not say whose it is, it is nobody's we know.
func ownership(info fs.FileInfo) Stat {
	s := Stat{Mode: info.Mode(), Owner: uint32(os.Geteuid()) + 1}
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.Owner = sys.Uid
	}
	return s
}

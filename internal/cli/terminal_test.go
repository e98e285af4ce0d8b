package cli

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"testing"
)

// TestOneMessageOneLine: a line feed in a file's name never begins a line that looks like the program's own.
func TestOneMessageOneLine(t *testing.T) {
	forged := &fs.PathError{Op: "open", Path: "x\nca-admin: error: the CA key was compromised", Err: fs.ErrPermission}
	for _, test := range []struct {
		err  error
		want string
	}{
		{forged, `ca-admin: error: open x\nca-admin: error: the CA key was compromised: permission denied` + "\n"},
		{errors.Join(errors.New("a"), errors.New("b")), "ca-admin: error: a\nca-admin: error: b\n"},
		{Hint(errors.Join(errors.New("a"), errors.New("b")), "c"),
			"ca-admin: error: a\nca-admin: error: b\nca-admin: hint: c\n"},
		{fmt.Errorf("%w: %w", errors.New("a"), errors.New("b")), "ca-admin: error: a: b\n"},
	} {
		var out bytes.Buffer
		terminal := &Terminal{Program: "ca-admin", Err: &out}
		if terminal.Fail(test.err); out.String() != test.want {
			t.Errorf("%v is printed as %q, expected %q", test.err, out.String(), test.want)
		}
	}
}

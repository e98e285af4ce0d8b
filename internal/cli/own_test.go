package cli

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestOwn: a command that is printed works where it is pasted, also one that was given another directory.
func TestOwn(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	var grammar struct {
		Dir   string
		Watch struct{} `cmd:""`
	}
	parser, err := Parser("ca-admin", "", &grammar)
	if err != nil {
		t.Fatal(err)
	}
	const text = "start `ca-admin watch`; ca-admin needs component-admin watch, ca-admin watching, not-ca-admin watch"
	for _, test := range []struct{ directory, variable, want string }{
		{filepath.Join(dir, "ca"), "", text},
		{filepath.Join(dir, "env"), "env", text},
		{filepath.Join(dir, "ca"), "env", "start `ca-admin --dir " + filepath.Join(dir, "ca") + " watch`" + text[22:]},
		{"/my $CA", "", "start `ca-admin --dir '/my $CA' watch`" + text[22:]},
	} {
		t.Setenv("CA_ADMIN_DIR", test.variable)
		var out bytes.Buffer
		terminal := &Terminal{Program: "ca-admin", Err: &out}
		terminal.knows(parser)
		terminal.WorksAt(test.directory, "./ca", "CA_ADMIN_DIR")
		if terminal.Hint("%s", text); out.String() != "ca-admin: hint: "+test.want+"\n" {
			t.Errorf("%+v:\n got %s", test, &out)
		}
	}
}

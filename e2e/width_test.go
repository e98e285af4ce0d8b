package e2e_test

import (
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestWidth: on a terminal of 80 columns no line of a table is longer, what is left out is named, and --wide prints it;
// colour only repeats a word, and NO_COLOR and TERM=dumb turn it off.
func TestWidth(t *testing.T) {
	t.Parallel()
	needs(t, "stty")
	x := aged(t)
	screen := func(command string) string {
		t.Helper()
		command = strings.ReplaceAll(command, "ca-admin", filepath.Join(x.bin, "ca-admin"))
		person := x.terminal("sh", "-c", "stty cols 80; "+command+"; echo end")
		person.await("end\r\n", 1)
		person.exits(0)
		return strings.ReplaceAll(person.text(), "\r", "")
	}
	for _, test := range []struct{ command, has, lacks string }{
		{"TERM=xterm ca-admin list", "\x1b[31mExpired\x1b[0m", " SERIAL"},
		{"TERM=xterm NO_COLOR=1 ca-admin list", "  Expired\n", "\x1b"},
		{"TERM=dumb ca-admin list", "  Expired\n", "\x1b"},
		{"TERM=dumb ca-admin list --color always", "\x1b[31mExpired\x1b[0m", " SERIAL"},
		{"TERM=xterm ca-admin list --color never --wide", "CERTIFICATE           SERIAL ", "\x1b"},
		{"TERM=dumb ca-admin list", "hint: --wide shows ", "\x1b"},
		{"TERM=dumb ca-admin profiles", "super-admin ", "INSTALLED AS\n"},
		{"TERM=dumb ca-admin events", "EVENT ", "\x1b"},
	} {
		shown := screen(test.command)
		table, hint, _ := strings.Cut(shown, "ca-admin: ")
		if !strings.Contains(shown, test.has) || strings.Contains(table, test.lacks) {
			t.Errorf("%s: want %q, not %q in\n%q", test.command, test.has, test.lacks, shown)
		}
		for line := range strings.Lines(table) {
			plain := strings.NewReplacer("\x1b[31m", "", "\x1b[33m", "", "\x1b[0m", "", "\n", "").Replace(line)
			if n := utf8.RuneCountInString(plain); n > 80 && !strings.Contains(test.command, "--wide") {
				t.Errorf("%s: %d columns: %q", test.command, n, line)
			}
		}
		if strings.Contains(test.command, "--wide") && hint != "" {
			t.Errorf("%s: %q", test.command, hint)
		}
	}
}

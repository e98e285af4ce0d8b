package component

import (
	"os/exec"
	"strings"
	"testing"
)

func TestCommand(t *testing.T) {
	for _, c := range []struct {
		words []string
		want  string
	}{
		{[]string{"component-admin", "--dir", "/etc/kubernetes"}, "component-admin --dir /etc/kubernetes"},
		{[]string{"chmod", "600", "/srv/host dir/é"}, "chmod 600 '/srv/host dir/é'"},
		{[]string{"a", "", "b"}, "a '' b"},
		{[]string{"it's", "$(reboot)", "~root", "a;b", "-n", "x\ny"},
			`'it'\''s' '$(reboot)' '~root' 'a;b' -n 'x` + "\n" + `y'`},
	} {
		got := Command(c.words...)
		if got != c.want {
			t.Errorf("got %s, want %s", got, c.want)
		}
		// A shell is the judge: it must hand the same words on.
		out, err := exec.Command("sh", "-c", "printf '%s\\0' "+got).Output()
		if want := strings.Join(c.words, "\x00") + "\x00"; err != nil || string(out) != want {
			t.Errorf("sh reads %q, %v; want %q", out, err, want)
		}
	}
}

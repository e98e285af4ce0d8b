package cli

import (
	"os/exec"
	"testing"
)

func TestWord(t *testing.T) {
	for in, want := range map[string]string{
		"/etc/kubernetes": "/etc/kubernetes", "--dir=x": "--dir=x", "": "''", "host dir": "'host dir'",
		"it's": `'it'\''s'`, "$HOME": "'$HOME'", "~": "'~'", "*": "'*'", "a\nb": "'a\nb'",
	} {
		if got := Word(in); got != want {
			t.Errorf("Word(%q) = %s, not %s", in, got, want)
		}
		if out, err := exec.Command("sh", "-c", "printf %s "+Word(in)).Output(); err != nil || string(out) != in {
			t.Errorf("the shell reads %s as %q, %v", Word(in), out, err)
		}
	}
}

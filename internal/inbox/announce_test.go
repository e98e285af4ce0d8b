package inbox

import (
	"testing"
)

// TestAnnounce: an exchange that was made before its CA had a trust gets it on both of its media; one whose inbox lags
// behind is opened all the same, and one of two CAs never is.
func TestAnnounce(t *testing.T) {
	made := func(trust string) string {
		dir := t.TempDir()
		x, err := Create(dir, Options{Trust: trust})
		if err != nil {
			t.Fatal(err)
		}
		if err := x.Close(); err != nil {
			t.Fatal(err)
		}
		return dir
	}
	trustAt := func(inbox, outbox string) string {
		x, err := OpenSides(inbox, outbox)
		if err != nil {
			t.Fatal(err)
		}
		defer x.Close()
		return x.Trust
	}
	in, out := made(""), made("")
	x, err := OpenSides(in, out)
	if err != nil {
		t.Fatal(err)
	}
	defer x.Close()
	if err := x.Announce("sha256:ab"); err != nil || x.Trust != "sha256:ab" {
		t.Fatalf("%v, trust %q", err, x.Trust)
	}
	for _, dir := range []string{in, out} {
		if got := trustAt(dir, dir); got != "sha256:ab" {
			t.Errorf("announced as %q", got)
		}
	}
	if got := trustAt(made(""), out); got != "sha256:ab" {
		t.Errorf("an inbox without a trust: %q", got)
	}
	for name, sides := range map[string][2]string{
		"two CAs": {made("sha256:cd"), out}, "an outbox without a trust": {in, made("")},
	} {
		if x, err := OpenSides(sides[0], sides[1]); err == nil {
			t.Errorf("%s: opened", name)
			x.Close()
		}
	}
}

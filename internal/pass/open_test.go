package pass

import (
	"os"
	"path/filepath"
	"testing"
)

// TestOpenInbox: where unsigned requests are issued, the mode of every directory that is read counts, at every pass: an
// inbox that is opened under a running watch, and a sub-directory that was made open, authenticate nobody.
func TestOpenInbox(t *testing.T) {
	c, x := fixture(t, "ECDSA-P256")
	root, all := filepath.Join(x.Path(), "inbox"), requests(t, 5)
	team := filepath.Join(root, "team")
	mode := func(dir string, mode os.FileMode) {
		t.Helper()
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
	}
	serve := func(name string, entry []byte, issued, held int) {
		t.Helper()
		if err := dropFast(x, name, entry); err != nil {
			t.Fatal(err)
		}
		if sum, err := Sync(t.Context(), c, x, Options{}); err != nil || sum.Issued != issued || sum.Held != held {
			t.Errorf("%s: %+v, %v", name, sum, err)
		}
	}
	serve("closed", all[0], 1, 0)
	if err := os.Mkdir(team, 0o755); err != nil {
		t.Fatal(err)
	}
	serve("team/closed", all[1], 1, 0)
	mode(team, 0o777|os.ModeSticky)
	serve("team/open", all[2], 0, 1)
	mode(root, 0o777|os.ModeSticky)
	mode(team, 0o755)
	serve("team/inopen", all[3], 0, 1)
	serve("open", all[4], 0, 1)
	mode(root, 0o755)
	// Other rules do not issue what was held so: nobody knows any more who could have dropped it.
	policy := filepath.Join(c.Dir().Path(), "policy.yaml")
	text, err := os.ReadFile(policy)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(policy, append(text, "# changed\n"...), 0o600); err != nil {
		t.Fatal(err)
	}
	if sum, err := Sync(t.Context(), c, x, Options{}); err != nil || sum.Issued != 0 {
		t.Errorf("under other rules: %+v, %v", sum, err)
	}
}

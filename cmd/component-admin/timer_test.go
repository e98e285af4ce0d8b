package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestRenewalSentence(t *testing.T) {
	root := t.TempDir()
	wants := filepath.Join(root, "etc/systemd/system/timers.target.wants")
	check := func(visit, want string) {
		t.Helper()
		if got := renewalSentence(root, visit); got != want {
			t.Errorf("%q, not %q", got, want)
		}
	}
	check("", "nothing is renewed by itself here: systemctl enable --now component-admin-renew.timer, or at each "+
		"visit: component-admin renew")
	check("60d", "nothing is renewed by itself here; at each visit: component-admin renew")
	if err := os.MkdirAll(wants, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("/usr/lib/systemd/system/"+renewalTimer, filepath.Join(wants, renewalTimer)); err != nil {
		t.Fatal(err)
	}
	check("", "component-admin-renew.timer looks every hour: certificates are renewed after two thirds of their life, "+
		"those of 365 days after 8 months, and the hooks run")
	check("60d", "component-admin-renew.timer looks every hour: it finishes, says what is due, and renews while the "+
		"exchange is here; with a visit every 60d certificates are due 3.5 visits before their end")
}

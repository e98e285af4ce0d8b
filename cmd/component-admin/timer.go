package main

import (
	"os"
	"path/filepath"
)

// renewalTimer is the unit that renews what is due, as contrib/systemd has it.
const renewalTimer = "component-admin-renew.timer"

// renewalSentence says what will happen to this host's certificates, and when. root is the host's root directory: where
// systemd is told to start the timer at boot, a link below it says so.
func renewalSentence(root, visit string) string {
	enabled := filepath.Join(root, "etc/systemd/system/timers.target.wants", renewalTimer)
	_, err := os.Lstat(enabled)
	switch {
	case err == nil && visit != "":
		return renewalTimer + " looks every hour: it finishes, says what is due, and renews while the exchange " +
			"is here; with a visit every " + visit + " certificates are due 3.5 visits before their end"
	case err == nil:
		return renewalTimer + " looks every hour: certificates are renewed after two thirds of their life, " +
			"those of 365 days after 8 months, and the hooks run"
	case visit != "":
		return "nothing is renewed by itself here; at each visit: component-admin renew"
	}
	return "nothing is renewed by itself here: systemctl enable --now " + renewalTimer +
		", or at each visit: component-admin renew"
}

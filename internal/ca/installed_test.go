package ca

import (
	"testing"
	"time"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/request"
)

// TestInstallationOf: a host speaks of its own requester's certificates and of those that no requester has, the host of
// a certificate's node before others; what its component serves, and its hooks, say whether it is taken up.
func TestInstallationOf(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)
	item := func(fingerprint, applied, wire string) request.ReportItem {
		return request.ReportItem{Place: "pki/" + fingerprint, Fingerprint: fingerprint, Applied: applied, Wire: wire}
	}
	host := func(requester, node string, at time.Time, items ...request.ReportItem) Host {
		return Host{request.HostReport{Requester: requester, Node: node, Time: at, Items: items}, false}
	}
	all := installationsOf([]Host{
		host("me", "n1", now, item("done", "Done", "done"), item("pending", "Pending", ""), item("wire", "Done", "old"),
			item("nobodys", "", "")),
		host("me", "n2", now.Add(time.Hour)),
		host("you", "n1", now, item("claimed", "Done", "")),
	})
	issued := now.Add(-time.Hour)
	for _, test := range []struct {
		fingerprint, requester, node string
		issued                       time.Time
		superseded                   bool
		want, on                     string
	}{
		{"done", "me", "n1", issued, false, Installed, "n1"},
		{"done", "me", "n1", issued, true, Replaced, "n1"},
		{"pending", "me", "n1", issued, false, NotTakenUp, "n1"},
		{"wire", "me", "n1", issued, false, NotTakenUp, "n1"},
		{"nobodys", "", "", issued, false, Installed, "n1"},
		{"claimed", "me", "n1", issued, false, NeverInstalled, "n1"},
		{"other", "me", "", issued, false, NeverInstalled, "n2"},
		{"other", "me", "n1", now, false, Unreported, "n1"},
		{"other", "me", "n9", now, false, NeverInstalled, "n2"},
		{"other", "third", "n1", issued, false, Unreported, ""},
		{"other", "", "n1", issued, false, Unreported, ""},
	} {
		in := all.Of(ledger.Listed{Superseded: test.superseded, Certificate: ledger.Certificate{
			Fingerprint: test.fingerprint, Requester: test.requester, Node: test.node, Issued: test.issued,
		}})
		if in.State != test.want || in.Node != test.on {
			t.Errorf("%s of %q on %q: %+v, not %s on %q", test.fingerprint, test.requester, test.node, in, test.want,
				test.on)
		}
	}
}

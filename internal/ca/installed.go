package ca

import (
	"context"
	"time"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/request"
)

// How a certificate stands on its host, by the host's last report.
const (
	Installed      = "Installed"
	NeverInstalled = "NeverInstalled" // the host has reported since it was issued, and has it in no place
	Replaced       = "Replaced"       // it is installed, and its successor is not
	NotTakenUp     = "NotTakenUp"     // it is installed, and its component still uses another one, or hooks are owed
	Silent         = "Silent"         // the host has said nothing for longer than it should
	Unreported     = "Unreported"     // no host has reported since it was issued
)

// apart is how far the clocks of a host and of its CA may be apart.
const apart = 10 * time.Minute

// Installation is how a certificate stands on its host.
type Installation struct {
	State    string
	Node     string    // of the report that says so; "" where none does
	Reported time.Time // when the host did
	File     string    // where it is installed
}

// Installations are what hosts say of all certificates.
type Installations struct {
	found map[string][]seen // by fingerprint
	hosts map[string][]Host // by requester
}

// seen is a certificate on a host.
type seen struct {
	host Host
	item request.ReportItem
}

// Installations reads the reports of all hosts.
func (c *CA) Installations(ctx context.Context, now time.Time) (*Installations, error) {
	hosts, err := c.Hosts(ctx, now)
	return installationsOf(hosts), err
}

func installationsOf(hosts []Host) *Installations {
	all := &Installations{map[string][]seen{}, map[string][]Host{}}
	for _, h := range hosts {
		all.hosts[h.Requester] = append(all.hosts[h.Requester], h)
		for _, i := range h.Items {
			all.found[i.Fingerprint] = append(all.found[i.Fingerprint], seen{h, i})
		}
	}
	return all
}

// Fingerprints are those of the certificates that hosts say they have, in no order.
func (all *Installations) Fingerprints() []string {
	list := make([]string, 0, len(all.found))
	for fingerprint := range all.found {
		list = append(list, fingerprint)
	}
	return list
}

// Of is how a certificate stands. A host is believed about its own requester's certificates, and about those that no
// requester has.
func (all *Installations) Of(k ledger.Listed) Installation {
	for _, s := range all.found[k.Fingerprint] {
		if k.Requester == "" || s.host.Requester == k.Requester {
			return s.installation(k)
		}
	}
	host, reported := all.expected(k)
	in := Installation{State: Unreported, Node: host.Node, Reported: host.Time}
	switch {
	case !reported:
		return Installation{State: Unreported}
	case host.Silent:
		in.State = Silent
	case host.Time.After(k.Issued.Add(apart)):
		in.State = NeverInstalled
	}
	return in
}

// expected is the host that should have a certificate: that of its node, else the one of its requester that reported
// last.
func (all *Installations) expected(k ledger.Listed) (last Host, ok bool) {
	for _, h := range all.hosts[k.Requester] {
		if k.Node != "" && h.Node == k.Node {
			return h, true
		}
		if !ok || h.Time.After(last.Time) {
			last, ok = h, true
		}
	}
	return last, ok
}

func (s seen) installation(k ledger.Listed) Installation {
	in := Installation{State: Installed, Node: s.host.Node, Reported: s.host.Time, File: s.item.Place}
	switch {
	case s.host.Silent:
		in.State = Silent
	case k.Superseded:
		in.State = Replaced
	case s.item.Applied == "Pending", s.item.Wire != "" && s.item.Wire != s.item.Fingerprint:
		in.State = NotTakenUp
	}
	return in
}

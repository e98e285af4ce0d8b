package component

import (
	"crypto/x509"
	"errors"
	"io/fs"
	"time"

	"ca-exchange/internal/pki"
)

// Item is one file of the host, with what lies in it and what is asked for it.
type Item struct {
	State       State             // of the certificate installed there; of the open request where none ever was
	Open        *State            // the request that is open for it; nil for none
	Certificate *x509.Certificate // what lies there now; nil where nothing readable does
	Problem     error             // why nothing readable does
	Due         time.Time         // these are zero without a certificate
	Overdue     time.Time
	LastSafe    time.Time
}

// How an item stands.
const (
	ItemAsked     = "Asked"     // nothing is installed yet
	ItemInstalled = "Installed" // valid, and not due
	ItemDue       = "Due"
	ItemOverdue   = "Overdue"
	ItemExpired   = "Expired"
	ItemMissing   = "Missing" // what was installed is not there any more, or cannot be read
)

// Status is how the item stands at a time.
func (i Item) Status(now time.Time) string {
	switch {
	case i.State.Status != StatusInstalled:
		return ItemAsked
	case i.Certificate == nil:
		return ItemMissing
	case now.After(i.Certificate.NotAfter):
		return ItemExpired
	case now.After(i.Overdue):
		return ItemOverdue
	case !now.Before(i.Due):
		return ItemDue
	}
	return ItemInstalled
}

// IsDue reports whether the item wants a successor now.
func (i Item) IsDue(now time.Time) bool {
	switch i.Status(now) {
	case ItemDue, ItemOverdue, ItemExpired:
		return true
	}
	return false
}

// Items are the files of this host that were asked for, each once, in the order in which they first were.
func (c *Component) Items() ([]Item, error) {
	rule, err := c.Rule()
	if err != nil {
		return nil, err
	}
	states, err := c.Requests()
	if err != nil {
		return nil, err
	}
	return c.items(states, rule), nil
}

func (c *Component) items(states []State, rule pki.RenewalRule) []Item {
	at := map[string]int{}
	var items []Item
	gone := map[string]bool{}
	for _, s := range replaced(states) {
		gone[s.ID] = true
	}
	for _, s := range states {
		if s.Status != StatusOpen && s.Status != StatusInstalling && s.Status != StatusInstalled || gone[s.ID] {
			continue
		}
		place := s.Files.Place()
		i, ok := at[place]
		if !ok {
			i = len(items)
			at[place], items = i, append(items, Item{State: s})
		}
		if s.Status == StatusInstalled {
			items[i].State = s
		} else {
			items[i].Open = &s
		}
	}
	for i := range items {
		c.inspect(&items[i], rule)
	}
	return items
}

// inspect looks at what lies in an item's place: what counts is what a component reads there, not what was installed.
func (c *Component) inspect(i *Item, rule pki.RenewalRule) {
	if i.State.Status != StatusInstalled {
		return
	}
	i.Certificate, i.Problem = c.leaf(i.State.Files)
	if i.Certificate == nil {
		return
	}
	i.Due = pki.RenewalDue(i.Certificate.NotBefore, i.Certificate.NotAfter, pki.Fingerprint(i.Certificate), rule)
	i.Overdue = pki.RenewalOverdue(i.Due, i.Certificate.NotAfter)
	i.LastSafe = rule.LastSafe(i.Certificate.NotAfter)
}

// TooShort is the validity that the item's certificate needs for the visits of the exchange; 0 if it is valid that
// long.
func (i Item) TooShort(rule pki.RenewalRule) time.Duration {
	if i.Certificate == nil || i.Certificate.NotAfter.Sub(i.Certificate.NotBefore) >= rule.NeededLife() {
		return 0
	}
	return rule.NeededLife()
}

// unreadable reports whether an item is there and cannot be read, as opposed to gone.
func (i Item) Unreadable() bool { return i.Problem != nil && !errors.Is(i.Problem, fs.ErrNotExist) }

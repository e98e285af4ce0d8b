package component

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// RenewOptions say what Renew asks for.
type RenewOptions struct {
	Profiles []string // those alone; empty for all
	Now      bool     // also what is not due, and in place of a request that is open
	KeepKey  bool     // with the key that is in place
	Days     int
	DryRun   bool // nothing is asked for
	// Names are those of the next certificate of a place; nil for those of the certificate in place.
	Names func(s State, have pki.Names) (pki.Names, error)
}

// Renewal is what Renew did for one item.
type Renewal struct {
	Item
	Added, Dropped []string // names that the next certificate will have more, or less
	Asked          bool     // a request was made
	Waiting        bool     // one was open already
	Skipped        string   // why none was made although it is due; "" otherwise
	Failed         error
}

// renewalFloor is the least time between two renewals of one place: a certificate that is due again at once, because
// its issuer ends or its validity is too short, must not become a loop.
func renewalFloor(life time.Duration) time.Duration { return max(time.Hour, life/50) }

// Renew makes a request for each certificate that is due. Sync then drops them and takes the answers.
func (c *Component) Renew(x *inbox.Exchange, o RenewOptions) ([]Renewal, error) {
	if err := c.update(func(to *Config) { to.Features = x.Features }); err != nil {
		return nil, err
	}
	items, err := c.Items()
	if err != nil {
		return nil, err
	}
	var all []Renewal
	for _, i := range items {
		named := len(o.Profiles) == 0 || slices.Contains(o.Profiles, i.State.Profile)
		if named && i.Certificate != nil && (o.Now || i.IsDue(c.Now())) {
			all = append(all, c.renew(i, o))
		}
	}
	return all, nil
}

func (c *Component) renew(i Item, o RenewOptions) Renewal {
	r := Renewal{Item: i, Waiting: i.Open != nil && !o.Now}
	if r.Waiting {
		return r // Sync drops it again, with a new cover once a day where the outbox says that it is denied
	}
	if !o.Now {
		if r.Skipped = c.skip(i); r.Skipped != "" {
			return r
		}
	}
	ask, wish, err := c.next(i, o)
	if err != nil {
		r.Failed = err
		return r
	}
	have := pki.NamesOf(i.Certificate)
	r.Added, r.Dropped = ask.Names.Without(have), have.Without(ask.Names)
	if o.DryRun {
		return r
	}
	_, r.Failed = c.Request(ask, wish)
	if _, open := errors.AsType[*OpenError](r.Failed); open { // another process was faster
		r.Failed, r.Waiting = nil, true
	}
	r.Asked = r.Failed == nil && !r.Waiting
	return r
}

// skip says why a certificate that is due is not asked for, "" where it is.
func (c *Component) skip(i Item) string {
	life := i.Certificate.NotAfter.Sub(i.Certificate.NotBefore)
	if since := c.Now().Sub(i.State.Verified); since < renewalFloor(life) {
		return fmt.Sprintf("it was installed %s ago, and is renewed at most every %s",
			since.Truncate(time.Minute), renewalFloor(life))
	}
	trust, err := c.Issuers()
	if err != nil {
		return ""
	}
	_, authority, err := issuerOf(i.State, trust)
	if err == nil && !authority.Certificate.NotAfter.After(i.Certificate.NotAfter) {
		return fmt.Sprintf("its issuer %s ends at %s, and no certificate can end later: the CA admin has to rotate it",
			authority.Name, authority.Certificate.NotAfter.UTC().Format(time.RFC3339))
	}
	return ""
}

// next is the request for an item's next certificate: the names it has now, and a new key, unless told otherwise.
func (c *Component) next(i Item, o RenewOptions) (kube.Ask, Wish, error) {
	s := i.State
	profile, err := profileOf(s)
	if err != nil {
		return kube.Ask{}, Wish{}, err
	}
	release, err := kube.ParseRelease(s.Release)
	if err != nil {
		return kube.Ask{}, Wish{}, err
	}
	names := pki.NamesOf(i.Certificate)
	if o.Names != nil {
		if names, err = o.Names(s, names); err != nil {
			return kube.Ask{}, Wish{}, err
		}
	}
	// The file may point at another API server by now than the request said.
	if s.Files.Kubeconfig != "" {
		if k, err := c.kubeconfig(s.Files); err == nil {
			s.Files.Server, s.Files.Cluster = k.Server, k.Cluster
		}
	}
	ask := kube.Ask{
		Profile: profile, Node: s.Node, CommonName: s.CommonName, Organizations: s.Organizations,
		Names: names, Server: s.Files.Server,
	}
	wish := Wish{
		KeyType: pki.KeyTypeOf(i.Certificate.PublicKey), Days: o.Days, Release: release, Files: s.Files,
		Worker: s.Worker, KeyInPlace: o.KeepKey || slices.Contains(c.KeepKey, s.Profile), Again: o.Now,
	}
	return ask, wish, nil
}

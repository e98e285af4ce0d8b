package ca

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"ca-exchange/internal/refusal"
)

// exchangesFile lists the exchanges that this CA serves.
const exchangesFile = "exchanges.json"

// ErrMoved says that an exchange's id is known from another place.
var ErrMoved = errors.New("this exchange was last seen at another path")

// Place is an exchange that this CA serves: its id and the absolute paths of its sides.
type Place struct {
	ID     string `json:"id"`
	Inbox  string `json:"inbox"`
	Outbox string `json:"outbox"`
}

// places is exchanges.json.
type places struct {
	APIVersion string  `json:"apiVersion"`
	Kind       string  `json:"kind"`
	Exchanges  []Place `json:"exchanges"`
}

// Exchanges are the places that `ca-admin exchange` made or that were served before, in the order they came.
func (c *CA) Exchanges() ([]Place, error) {
	text, _, err := c.dir.Read(exchangesFile, sizeLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var all places
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, fmt.Errorf("%s: %w", exchangesFile, err)
	}
	return all.Exchanges, nil
}

// Serves reports whether an exchange is one that this CA made or served.
func (c *CA) Serves(id string) (bool, error) {
	all, err := c.Exchanges()
	return slices.ContainsFunc(all, func(p Place) bool { return p.ID == id }), err
}

// Remember adds a place, or gives the one with its paths a new id: another exchange was made there.
func (c *CA) Remember(p Place) error {
	return c.changeExchanges(func(all []Place) []Place {
		same := func(q Place) bool { return q.Inbox == p.Inbox && q.Outbox == p.Outbox }
		if i := slices.IndexFunc(all, same); i >= 0 {
			all[i] = p
			return all
		}
		return append(all, p)
	})
}

// Forget removes the places with a path on either side; false where there is none.
func (c *CA) Forget(path string) (found bool, err error) {
	err = c.changeExchanges(func(all []Place) []Place {
		kept := slices.DeleteFunc(slices.Clone(all), func(p Place) bool { return p.Inbox == path || p.Outbox == path })
		found = len(kept) < len(all)
		return kept
	})
	return found, err
}

// Move is a person's word that the exchange at p is the one that was known from another place.
func (c *CA) Move(p Place) error {
	return c.changeExchanges(func(all []Place) []Place {
		kept := slices.DeleteFunc(slices.Clone(all), func(q Place) bool {
			return q.ID == p.ID || q.Inbox == p.Inbox && q.Outbox == p.Outbox
		})
		return append(kept, p)
	})
}

func (c *CA) changeExchanges(change func([]Place) []Place) error {
	before, err := c.Exchanges()
	if err != nil {
		return err
	}
	after := change(slices.Clone(before))
	if slices.Equal(before, after) {
		return nil
	}
	text, err := json.MarshalIndent(places{APIVersion: refusal.APIVersion, Kind: "Exchanges", Exchanges: after}, "",
		"  ")
	if err != nil {
		return err
	}
	return c.dir.Replace(exchangesFile, append(text, '\n'), 0o600)
}

package pass

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"path/filepath"
	"slices"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/refusal"
)

// PlaceOf is where an exchange was opened.
func PlaceOf(x *inbox.Exchange, at Sides) (ca.Place, error) {
	in, err := filepath.Abs(at.Inbox)
	if err != nil {
		return ca.Place{}, err
	}
	out, err := filepath.Abs(at.Outbox)
	return ca.Place{ID: x.ID, Inbox: in, Outbox: out}, err
}

// recognise compares where an exchange is with where the CA knows it from. Its id is only a line of a file: whoever
// copies that file could collect the answers owed to another exchange. So an id met at a second path counts as an
// exchange of its own: what is asked there is answered there, and nothing owed to the first is paid, until a person
// says that it is the same medium.
func recognise(c *ca.CA, x *inbox.Exchange, at Sides) (ca.Place, error) {
	here, err := PlaceOf(x, at)
	if err != nil {
		return here, err
	}
	known, err := c.Exchanges()
	if err != nil {
		return here, err
	}
	if slices.Contains(known, here) {
		return here, nil
	}
	for _, p := range known {
		if p.ID == here.ID {
			c.Log.Warn("this exchange is known from another path: only what is asked here is answered here",
				"path", refusal.Quote(here.Inbox), "known", refusal.Quote(p.Inbox),
				"sameMedium", "ca-admin exchange --moved "+here.Inbox)
			here.ID = secondID(here)
			x.ID = here.ID
			return here, nil
		}
	}
	return here, nil
}

// secondID names an exchange whose marker carries the id of another one.
func secondID(p ca.Place) string {
	sum := sha256.Sum256([]byte(p.ID + "\x00" + p.Inbox + "\x00" + p.Outbox))
	return hex.EncodeToString(sum[:16])
}

// Move records that a person confirmed: the exchange in this directory is the medium that was known from another path.
func Move(c *ca.CA, at Sides) error {
	x, err := inbox.OpenSides(at.Inbox, at.Outbox)
	if err != nil {
		return err
	}
	here, err := PlaceOf(x, at)
	if err == nil {
		err = c.Move(here)
	}
	return errors.Join(err, x.Close())
}

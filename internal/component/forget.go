package component

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"ca-exchange/internal/inbox"
)

// Errors of looking a request up.
var (
	ErrUnknown   = errors.New("no such request on this host")
	ErrAmbiguous = errors.New("more than one request of this host fits")
)

// Find looks a request up by its id (a prefix of 8 digits or more, grouped or not), its entry's name, or the file that
// it is for. Of two for one file the open one is meant.
func (c *Component) Find(what string) (State, error) {
	states, err := c.Requests()
	if err != nil {
		return State{}, err
	}
	id := strings.ToLower(strings.ReplaceAll(what, "-", ""))
	var open, installed []State
	for _, s := range states {
		byID := len(id) >= 8 && strings.HasPrefix(s.ID, id)
		if !byID && s.Entry != strings.TrimSuffix(what, ".csr") && s.Files.Place() != what {
			continue
		}
		switch s.Status {
		case StatusOpen, StatusInstalling:
			open = append(open, s)
		case StatusInstalled:
			installed = append(installed, s)
		}
	}
	found := open
	if len(open) == 0 {
		found = installed
	}
	switch len(found) {
	case 0:
		return State{}, fmt.Errorf("%w: %q", ErrUnknown, what)
	case 1:
		return found[0], nil
	}
	return State{}, fmt.Errorf("%w: %q", ErrAmbiguous, what)
}

// Forget gives a request up, and destroys its key unless a certificate was installed for it. An installed certificate
// stays, and is no longer renewed. Withdraw or the next Sync withdraws the entry.
func (c *Component) Forget(s State) error {
	lock, err := c.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	if s, err = c.state(s.ID); err != nil {
		return err
	}
	if s.Status == StatusInstalling {
		return fmt.Errorf("%s is being installed: finish that first with component-admin sync --local", s.Files.Place())
	}
	s.Status = StatusForgotten
	dir, err := c.request(s.ID)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := writeState(dir, s); err != nil {
		return err
	}
	return removeKey(s, dir)
}

// Withdraw removes a request's entries and answers from an exchange, including those of former covers.
func (c *Component) Withdraw(x *inbox.Exchange, s State) error {
	all, err := c.Requests()
	if err != nil {
		return err
	}
	former := slices.DeleteFunc(all, func(o State) bool {
		return !slices.ContainsFunc(s.Former, func(f Former) bool { return f.ID == o.ID })
	})
	for _, one := range append(former, s) {
		err = errors.Join(err, c.withdraw(x, one))
	}
	removeAnswers(x, s)
	return errors.Join(err, x.SyncOutbox())
}

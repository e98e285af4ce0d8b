package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/pass"
)

// defaultExchange is where `ca-admin init` makes an exchange.
const defaultExchange = "./exchange"

// exchangeFlags name an exchange. Without them a command serves those that the CA remembers.
type exchangeFlags struct {
	Exchange string `env:"CA_EXCHANGE" type:"path" placeholder:"DIR" help:"The exchange (${env}); all by default."`
	Inbox    string `type:"path" placeholder:"DIR" help:"The inbox's own directory, for one-way media."`
	Outbox   string `type:"path" placeholder:"DIR" help:"The outbox's own directory, for one-way media."`
}

// exchanges are those that a command is about: the one that was named, else those remembered that are there.
func (a *app) exchanges(c *ca.CA, f exchangeFlags) ([]pass.Sides, error) {
	if f.Exchange != "" || f.Inbox != "" || f.Outbox != "" {
		named, err := f.sides()
		return []pass.Sides{named}, err
	}
	known, err := c.Exchanges()
	if err != nil {
		return nil, err
	}
	if len(known) == 0 {
		f.Exchange = defaultExchange
		only, err := f.sides()
		return []pass.Sides{only}, err
	}
	var here, all []pass.Sides
	for _, p := range known {
		at := pass.Sides{Inbox: p.Inbox, Outbox: p.Outbox}
		all = append(all, at)
		if there(p.Inbox) && there(p.Outbox) {
			here = append(here, at)
		} else if len(known) > 1 {
			a.Say("%s is not here now", p.Inbox)
		}
	}
	if len(here) == 0 {
		return all, nil // each says what is wrong with it
	}
	return here, nil
}

// checkHeads refuses to sign by a ledger that an exchange at hand proves to be old (P13). One that cannot be opened,
// or does not answer, proves nothing.
func (a *app) checkHeads(ctx context.Context, c *ca.CA, f exchangeFlags) error {
	known, err := c.Exchanges()
	if err != nil {
		return err
	}
	all := make([]pass.Sides, 0, len(known)+1)
	for _, p := range known {
		all = append(all, pass.Sides{Inbox: p.Inbox, Outbox: p.Outbox})
	}
	if named, err := f.sides(); err == nil {
		all = append(all, named)
	}
	for _, at := range all {
		err := pass.CheckHeadAt(ctx, c, at)
		if errors.Is(err, pass.ErrSilent) {
			a.Warn("%v; its head was not compared with the ledger", err)
		} else if err != nil {
			return explain(err, at)
		}
	}
	return nil
}

// there reports whether an exchange is at hand. One that does not answer counts as such: whatever is asked of it next
// says so. A call that hangs ends with the process.
func there(dir string) bool {
	found := make(chan bool, 1)
	go func() {
		_, err := os.Stat(filepath.Join(dir, "exchange.json"))
		found <- err == nil
	}()
	select {
	case is := <-found:
		return is
	case <-time.After(5 * time.Second):
		return true
	}
}

func (f exchangeFlags) sides() (pass.Sides, error) {
	s := pass.Sides{Inbox: f.Exchange, Outbox: f.Exchange}
	if f.Inbox != "" {
		s.Inbox = f.Inbox
	}
	if f.Outbox != "" {
		s.Outbox = f.Outbox
	}
	if s.Inbox == "" || s.Outbox == "" {
		return s, cli.WithStatus(cli.Usage,
			errors.New("--inbox and --outbox go together, or with --exchange for the other side"))
	}
	return s, nil
}

// trustFlags let a person insist on an inbox that everybody may write to.
type trustFlags struct {
	Yes bool `short:"y" help:"Serve unsigned requests although everybody may write to the inbox."`
}

// accepting are the same exchanges, whose inboxes a person accepts as they are.
func (t trustFlags) accepting(all []pass.Sides) []pass.Sides {
	for i := range all {
		all[i].OpenInbox = t.Yes
	}
	return all
}

type exchangeCommand struct {
	Dir    string `arg:"" optional:"" type:"path" help:"Where to make it; without it, the exchanges are listed."`
	Group  string `placeholder:"GROUP" help:"Only members of this group may drop requests."`
	Forget bool   `help:"Stop serving it when no exchange is named. Nothing in it changes."`
	Moved  bool   `help:"It is a known exchange that moved to this path."`
}

// Validate holds the flags against each other.
func (e *exchangeCommand) Validate() error {
	if e.Dir == "" && (e.Group != "" || e.Forget || e.Moved) || e.Forget && e.Moved {
		return errors.New("--group, --forget and --moved need a directory, and --forget and --moved exclude each other")
	}
	return nil
}

func (e *exchangeCommand) Run(a *app) error {
	groupID, err := lookupGroup(e.Group)
	if err != nil {
		return err
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	switch {
	case e.Dir == "":
		return a.listExchanges(c)
	case e.Forget:
		return a.forgetExchange(c, e.Dir)
	case e.Moved:
		return a.moveExchange(c, e.Dir)
	}
	x, err := pass.MakeExchange(c, e.Dir, groupID)
	if err != nil {
		return explain(err, pass.Sides{Inbox: e.Dir, Outbox: e.Dir})
	}
	defer x.Close()
	a.Say("%s is an exchange of this CA", e.Dir)
	return nil
}

// exchangeList is what `exchange -o json` prints.
type exchangeList struct {
	APIVersion string     `json:"apiVersion"`
	Kind       string     `json:"kind"`
	Items      []ca.Place `json:"items"`
}

func (a *app) listExchanges(c *ca.CA) error {
	known, err := c.Exchanges()
	if err != nil {
		return err
	}
	if a.JSON {
		return a.Encode(exchangeList{cli.APIVersion, "ExchangeList", append([]ca.Place{}, known...)})
	}
	if len(known) == 0 {
		a.Say("this CA has served no exchange yet; make one: ca-admin exchange DIR")
		return nil
	}
	var rows [][]string
	for _, p := range known {
		rows = append(rows, []string{p.Inbox, p.Outbox, fmt.Sprint(there(p.Inbox) && there(p.Outbox)), p.ID})
	}
	columns := []cli.Column{{Name: "INBOX"}, {Name: "OUTBOX"}, {Name: "HERE"}, {Name: "ID", Rank: 1}}
	_, err = a.StreamTable(columns, cli.Rows(rows))
	return err
}

func (a *app) forgetExchange(c *ca.CA, dir string) error {
	found, err := c.Forget(dir)
	if err == nil && !found {
		err = cli.Hint(fmt.Errorf("this CA does not remember %q", dir), "list those it does: ca-admin exchange")
	}
	return err
}

func (a *app) moveExchange(c *ca.CA, dir string) error {
	if err := pass.Move(c, pass.Sides{Inbox: dir, Outbox: dir}); err != nil {
		return explain(err, pass.Sides{Inbox: dir, Outbox: dir})
	}
	a.Say("%s is the exchange that was known from another path; what is owed to it goes there now", dir)
	return nil
}

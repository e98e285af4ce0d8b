package main

import "ca-exchange/internal/pass"

type exchangeCommand struct {
	Dir   string `arg:"" type:"path" help:"Where; made if it is not there."`
	Group string `placeholder:"GROUP" help:"Only members of this group may drop requests."`
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
	x, err := pass.MakeExchange(c, e.Dir, groupID)
	if err != nil {
		return explain(err, pass.Sides{Inbox: e.Dir, Outbox: e.Dir})
	}
	defer x.Close()
	a.Say("%s is an exchange of this CA", e.Dir)
	return nil
}

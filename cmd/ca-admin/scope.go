package main

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/policy"
)

// scopeFlags are the lists of a scope, as enroll gives them.
type scopeFlags struct {
	Profile  []string `placeholder:"PROFILE" help:"Profiles that it may ask for."`
	Node     []string `placeholder:"GLOB" help:"Nodes that it may ask for; * is any run without a dot, ** any run."`
	DNS      []string `name:"dns" placeholder:"GLOB" help:"DNS names that it may ask for."`
	Wildcard []string `placeholder:"NAME" help:"Wildcard names that it may ask for, each written out."`
	IP       []string `name:"ip" placeholder:"CIDR" help:"Addresses that it may ask for."`
	User     []string `placeholder:"GLOB" help:"Users that it may ask for: common names of profiles client and user."`
	Group    []string `placeholder:"GLOB" help:"Groups that it may ask for: organisations of the same profiles."`
}

func (f scopeFlags) scope() policy.Scope {
	return policy.Scope{
		Profiles: f.Profile, Nodes: f.Node, DNS: f.DNS, Wildcards: f.Wildcard, IPs: f.IP, Users: f.User,
		Groups: f.Group,
	}
}

type scopeCommand struct {
	Name   string     `arg:"" help:"The requester's name."`
	Add    scopeFlags `embed:"" prefix:"add-"`
	Remove scopeFlags `embed:"" prefix:"remove-"`
	NewKey string     `type:"existingfile" placeholder:"FILE" help:"Its new public key, which replaces the old one."`
}

func (s *scopeCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Requesters()
	if err != nil {
		return err
	}
	have, ok := all.ByName(s.Name)
	if !ok {
		return cli.Hint(fmt.Errorf("requester %q %w", s.Name, policy.ErrNotEnrolled), "ca-admin requesters")
	}
	if err := checkProfiles(c, s.Add.Profile...); err != nil {
		return err
	}
	changed := *have
	if changed.Scope, err = have.Scope.Without(s.Remove.scope()); err != nil {
		return cli.Hint(err, "ca-admin requesters")
	}
	changed.Scope = changed.With(s.Add.scope())
	if s.NewKey != "" {
		if changed.Key, _, err = keyIn(s.NewKey); err != nil {
			return err
		}
	}
	if slices.Equal(changed.Lists(), have.Lists()) && changed.Key == have.Key {
		return a.printScope(c, changed)
	}
	if err := c.ChangeRequester(ctx, changed); err != nil {
		return err
	}
	a.Say("changed the scope of %q; what is held is decided again by the next pass", s.Name)
	return errors.Join(a.printScope(c, changed), a.warnScope(c, changed.Scope))
}

// printScope prints a scope, one list a line.
func (a *app) printScope(c *ca.CA, one policy.Requester) error {
	if a.JSON {
		return a.encodeRequester(c, one.Name)
	}
	for _, line := range one.Lists() {
		a.Say("  %s", line)
	}
	return nil
}

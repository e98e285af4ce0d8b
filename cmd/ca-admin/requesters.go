package main

import (
	"fmt"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/policy"
)

type requestersCommand struct{}

func (r *requestersCommand) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Requesters()
	if err != nil {
		return err
	}
	if a.JSON {
		return a.Encode(newList("RequesterList", requesterItems(all)))
	}
	if len(all.Requesters) == 0 {
		a.Say("no requester is enrolled")
		return nil
	}
	var rows [][]string
	for _, one := range all.Requesters {
		fingerprint, err := policy.KeyFingerprint(one.Key)
		if err != nil {
			return err
		}
		rows = append(rows, []string{
			one.Name, fingerprint, comma(one.Profiles), comma(one.Nodes), comma(one.DNS), comma(one.Wildcards),
			comma(one.IPs),
			comma(one.Users), comma(one.Groups), one.Since,
		})
	}
	_, err = a.StreamTable(requesterColumns, cli.Rows(rows))
	return err
}

// requesterColumns are the columns of `requesters`.
var requesterColumns = []cli.Column{
	{Name: "NAME"}, {Name: "KEY", Rank: 3}, {Name: "PROFILES"}, {Name: "NODES"}, {Name: "DNS"},
	{Name: "WILDCARDS", Rank: 1}, {Name: "IPS"}, {Name: "USERS", Rank: 1}, {Name: "GROUPS", Rank: 1},
	{Name: "SINCE", Rank: 2},
}

func comma(items []string) string { return dash(strings.Join(items, ",")) }

// requesterItem is one of what `requesters -o json` prints.
type requesterItem struct {
	Name      string   `json:"name"`
	Key       string   `json:"key"`
	Since     string   `json:"since"`
	Profiles  []string `json:"profiles"`
	Nodes     []string `json:"nodes"`
	DNS       []string `json:"dns"`
	Wildcards []string `json:"wildcards"`
	IPs       []string `json:"ips"`
	Users     []string `json:"users"`
	Groups    []string `json:"groups"`
}

func requesterItems(all policy.Requesters) (items []requesterItem) {
	for _, one := range all.Requesters {
		items = append(items, requesterItem{
			one.Name, one.Key, one.Since, orEmpty(one.Profiles), orEmpty(one.Nodes), orEmpty(one.DNS),
			orEmpty(one.Wildcards), orEmpty(one.IPs), orEmpty(one.Users), orEmpty(one.Groups),
		})
	}
	return items
}

// encodeRequester prints one requester as it is enrolled, for scripts; for people the command has said it.
func (a *app) encodeRequester(c *ca.CA, name string) error {
	if !a.JSON {
		return nil
	}
	all, err := c.Requesters()
	if err != nil {
		return err
	}
	one, ok := all.ByName(name)
	if !ok {
		return fmt.Errorf("requester %q %w", name, policy.ErrNotEnrolled)
	}
	items := requesterItems(policy.Requesters{Requesters: []policy.Requester{*one}})
	return a.Encode(newList("RequesterList", items))
}

// orEmpty is a list that JSON writes as [], never as null.
func orEmpty(list []string) []string { return append([]string{}, list...) }

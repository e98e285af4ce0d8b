package main

import (
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/refusal"
)

// What commands that do something print for scripts.

// listOf is a list of a kind.
type listOf[T any] struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Items      []T    `json:"items"`
}

func newList[T any](kind string, items []T) listOf[T] {
	return listOf[T]{cli.APIVersion, kind, append([]T{}, items...)}
}

// progressItem is how one request stands after a command.
type progressItem struct {
	ID       string            `json:"id"`
	Name     string            `json:"name"` // of the entry
	Profile  string            `json:"profile"`
	Node     string            `json:"node"`
	File     string            `json:"file"`
	Status   string            `json:"status"`   // Installed, Unverified, Undropped, Denied, Held or Open
	Dropped  bool              `json:"dropped"`  // into the inbox, by this command
	Problem  string            `json:"problem"`  // why it is Unverified or Undropped
	Refusals []refusal.Refusal `json:"refusals"` // of a notice, which nobody vouches for
	NotAfter *time.Time        `json:"notAfter"` // of what was installed
}

func newProgressItem(out component.Progress) progressItem {
	s := out.State
	item := progressItem{
		ID: s.ID, Name: s.Entry, Profile: s.Profile, Node: s.Node, File: s.Files.Place(), Status: "Open",
		Dropped: out.Dropped, Refusals: []refusal.Refusal{},
	}
	switch {
	case out.Status == component.StatusInstalled:
		end := s.NotAfter.UTC()
		item.Status, item.NotAfter = "Installed", &end
	case out.Problem != nil:
		item.Status, item.Problem = "Unverified", out.Problem.Error()
	case out.Undropped != nil:
		item.Status, item.Problem = "Undropped", out.Undropped.Error()
	case out.Notice != nil:
		item.Status = "Held"
		for _, r := range out.Notice.Refusals {
			r.Asked, r.Allowed = plain(r.Asked), plain(r.Allowed)
			item.Refusals = append(item.Refusals, r)
		}
		if out.Notice.Status == "Denied" {
			item.Status = "Denied"
		}
	}
	return item
}

func progressItems(all []component.Progress) []progressItem {
	items := make([]progressItem, len(all))
	for i, out := range all {
		items[i] = newProgressItem(out)
	}
	return items
}

// progressed is what commands print that look for answers.
type progressed struct {
	listOf[progressItem]
	CRLs []crlItem `json:"crls"` // those that were found
}

// encodeProgress prints how requests and CRLs stand, for scripts; people were told meanwhile.
func (a *app) encodeProgress(all []component.Progress, crls []component.CRLProgress) error {
	if !a.JSON {
		return nil
	}
	return a.Encode(progressed{newList("ProgressList", progressItems(all)), crlProgressItems(crls)})
}

// renewalItem is one certificate that is due, or was to be renewed.
type renewalItem struct {
	File    string   `json:"file"`
	Profile string   `json:"profile"`
	Node    string   `json:"node"`
	Status  string   `json:"status"` // Asked, Waiting, Skipped, Failed or, with --dry-run, Due
	Reason  string   `json:"reason"` // why it is Skipped or Failed
	Added   []string `json:"added"`  // names that the next certificate has more
	Dropped []string `json:"dropped"`
}

func newRenewalItem(one component.Renewal) renewalItem {
	item := renewalItem{
		File: one.State.Files.Place(), Profile: one.State.Profile, Node: one.State.Node, Status: "Due",
		Added: append([]string{}, one.Added...), Dropped: append([]string{}, one.Dropped...),
	}
	switch {
	case one.Failed != nil:
		item.Status, item.Reason = "Failed", one.Failed.Error()
	case one.Waiting:
		item.Status = "Waiting"
	case one.Skipped != "":
		item.Status, item.Reason = "Skipped", one.Skipped
	case one.Asked:
		item.Status = "Asked"
	}
	return item
}

// renewed is what `renew` prints.
type renewed struct {
	listOf[renewalItem]
	Progress []progressItem `json:"progress"` // how the open requests stand after it
	CRLs     []crlItem      `json:"crls"`     // those that were found
}

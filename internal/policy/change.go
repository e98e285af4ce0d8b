package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrNotInScope reports that something to be taken out of a scope is not in it.
var ErrNotInScope = errors.New("is not in the scope")

// scopeList is one of a scope's lists, under its name in the files.
type scopeList struct {
	field string
	items *[]string
}

func (s *Scope) lists() []scopeList {
	return []scopeList{
		{"profiles", &s.Profiles}, {"nodes", &s.Nodes}, {"dns", &s.DNS}, {"wildcards", &s.Wildcards}, {"ips", &s.IPs},
		{"users", &s.Users}, {"groups", &s.Groups},
	}
}

// Lists are the lists of a scope for people, one a line: "dns: a.example, b.example". Empty ones are left out.
func (s Scope) Lists() []string {
	var lines []string
	for _, l := range s.lists() {
		if len(*l.items) > 0 {
			lines = append(lines, l.field+": "+strings.Join(*l.items, ", "))
		}
	}
	return lines
}

// With adds what another scope has, each item once.
func (s Scope) With(other Scope) Scope {
	more := other.lists()
	for i, l := range s.lists() {
		items := slices.Clone(*l.items)
		for _, item := range *more[i].items {
			if !slices.Contains(items, item) {
				items = append(items, item)
			}
		}
		*l.items = items
	}
	return s
}

// Without takes out what another scope has; ErrNotInScope where an item is not there, since a misspelt one would go on
// being granted.
func (s Scope) Without(other Scope) (Scope, error) {
	less := other.lists()
	for i, l := range s.lists() {
		for _, item := range *less[i].items {
			if !slices.Contains(*l.items, item) {
				return s, fmt.Errorf("%s: %q %w", l.field, item, ErrNotInScope)
			}
			*l.items = slices.DeleteFunc(slices.Clone(*l.items), func(have string) bool { return have == item })
		}
	}
	return s, nil
}

package pki

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/refusal"
)

// Stamp writes a time as every file and message here does: RFC 3339 in UTC, whole seconds.
func Stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// EqualSets compares without regard to order; an item that occurs twice counts twice.
func EqualSets[T cmp.Ordered](a, b []T) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

func quoteAll(items []string) string {
	quoted := make([]string, len(items))
	for i, s := range items {
		quoted[i] = refusal.Quote(s)
	}
	return strings.Join(quoted, ", ")
}

func orNone(items []string) string {
	if s := strings.Join(items, " "); s != "" {
		return s
	}
	return "none"
}

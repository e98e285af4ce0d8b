package main

import (
	"context"
	"fmt"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
)

// soon is within which time a certificate that ends is counted by `status`.
const soon = 30 * 24 * time.Hour

// countedMost is how many certificates `status` counts at most.
const countedMost = 10_000

// expiring counts the certificates without a successor that ended lately, and those that end soon: what `list
// --expiring 30d` lists.
type expiring struct{ ended, ends int }

func countExpiring(ctx context.Context, c *ca.CA, now time.Time) (e expiring, err error) {
	f := (&listCommand{Expiring: age(soon), Limit: countedMost, Sort: "end"}).filter(now)
	for row, err := range c.Ledger().Certificates(ctx, f) {
		if err != nil {
			return e, err
		}
		if now.After(row.NotAfter) {
			e.ended++
		} else {
			e.ends++
		}
	}
	return e, nil
}

// String is what `status` adds to the number of certificates; empty where nothing ends.
func (e expiring) String() string {
	if e.ended+e.ends == 0 {
		return ""
	}
	return fmt.Sprintf("; %d expired lately, %s within 30 days: ca-admin list --expiring 30d", e.ended,
		cli.Count(e.ends, "ends", "end"))
}

package pass

import (
	"time"

	"ca-exchange/internal/inbox"
)

// Settle decides what becomes of an entry that has no END line: true denies it, false leaves it for a later pass. A nil
// Settle leaves all of them.
type Settle func(e inbox.Entry, c inbox.Content) bool

// SettledFor denies incomplete entries that have not changed for so long, by their modification time.
func SettledFor(age time.Duration, now func() time.Time) Settle {
	return func(_ inbox.Entry, c inbox.Content) bool { return now().Sub(c.Stat.Modified) >= age }
}

func (p *pass) settled(e inbox.Entry, c inbox.Content) bool { return p.Settle != nil && p.Settle(e, c) }

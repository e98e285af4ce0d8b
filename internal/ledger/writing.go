package ledger

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"maps"
	"time"
)

// writing is one transaction: its connection, and the counters as they grow.
type writing struct {
	ctx context.Context
	*connection
	counters
	before counters
	events []any // rows of events, written at the end
}

// counters is the row of that name.
type counters struct {
	seq                                         int64  // of the last event
	hash                                        string // of the last event
	newest                                      int64
	held, certificateCount                      int64
	unsignedHeld, unsignedBytes, unsignedDenied int64
}

const (
	counterColumns = "seq, hash, newest, held, certificates, unsigned_held, unsigned_bytes, unsigned_denied"
	emptyCounters  = "INSERT INTO counters (" + counterColumns + ") VALUES (0, zeroblob(32), 0, 0, 0, 0, 0, 0);"
)

func (c *counters) fields() []any {
	return []any{&c.seq, (*hexText)(&c.hash), &c.newest, &c.held, &c.certificateCount, &c.unsignedHeld,
		&c.unsignedBytes, &c.unsignedDenied}
}

func (w *writing) begin() error {
	err := w.conn.QueryRowContext(w.ctx, "SELECT "+counterColumns+" FROM counters").Scan(w.counters.fields()...)
	w.before = w.counters
	return err
}

// end writes what grew with the transaction: the events and the counters.
func (w *writing) end() error {
	if _, err := w.put(w.ctx, addEvents, w.events); err != nil {
		return err
	}
	c := w.counters
	if c == w.before {
		return nil
	}
	_, err := w.put(w.ctx, setCounters, []any{c.seq, packed(c.hash), c.newest, c.held, c.certificateCount,
		c.unsignedHeld, c.unsignedBytes, c.unsignedDenied})
	return err
}

// count moves one request from one status to another in the counters.
func (c *counters) count(was, is tally) {
	for _, side := range []struct {
		tally
		by int64
	}{{was, -1}, {is, 1}} {
		switch {
		case side.status == Held:
			c.held += side.by
			if !side.authenticated {
				c.unsignedHeld += side.by
				c.unsignedBytes += side.by * side.size
			}
		case side.status == Denied && !side.authenticated:
			c.unsignedDenied += side.by
		}
	}
}

// clock moves newest to an event's time. Where a person accepted a clock that is behind, the times after it are wrong.
func (c *counters) clock(e Event) {
	if e.Kind == EventClockAccepted || seconds(e.Time) > c.newest {
		c.newest = seconds(e.Time)
	}
}

// tally is what the counters count of a request.
type tally struct {
	status        Status
	authenticated bool
	size          int64
}

// append puts an event at the end of the chain. about is the number of its request's row, 0 where it has none.
func (w *writing) append(e *Event, about int64) error {
	e.Seq, e.Previous = w.seq+1, w.hash
	detail, err := json.Marshal(e.Detail) // sorts its keys, escapes LF
	if err != nil {
		return err
	}
	e.Hash = e.hash(string(detail))
	w.seq, w.hash = e.Seq, e.Hash
	w.clock(*e)
	w.events = append(w.events, e.Seq, seconds(e.Time), e.Kind, orNull(about), packed(e.Serial), string(detail),
		packed(e.Hash))
	return nil
}

// with gives a detail more keys; the caller's map stays as it is.
func with(detail, more map[string]string) map[string]string {
	all := maps.Clone(detail)
	if all == nil {
		all = map[string]string{}
	}
	maps.Copy(all, more)
	return all
}

// packed stores lower-case hex as bytes, any other text as it is.
func packed(text string) any {
	b, err := hex.DecodeString(text)
	if err != nil || hex.EncodeToString(b) != text {
		return text
	}
	return b
}

func orNull(num int64) any {
	if num == 0 {
		return nil
	}
	return num
}

// seconds stores a time: whole seconds since 1970 UTC.
func seconds(t time.Time) int64 { return t.Unix() }

package inbox

import (
	"bytes"
	"iter"

	"ca-exchange/internal/durable"
)

// What Arrivals holds back at most: unsigned entries, and their bytes.
const (
	heldEntries = 4096
	heldBytes   = 4 << 20
)

// Arrival is an entry and what was read of it. One whose name is not legal was not read.
type Arrival struct {
	Entry   Entry
	Content Content
}

// Arrivals lists and reads the entries, signed ones before others: an unsigned one is held back until the inbox was
// read to its end, or until so many are held that the first of them must go. Memory is bounded by heldEntries and
// heldBytes; a signed entry waits for those unsigned ones at most that stand before it and were not held.
//
// left says what the caller remembers of an entry that it left where it is: while that is unchanged, it is passed over
// unread. The error is Entries'.
func (x *Exchange) Arrivals(left func(Entry) (durable.Stat, bool)) iter.Seq2[Arrival, error] {
	return func(yield func(Arrival, error) bool) {
		var held []Arrival
		size := 0
		release := func() bool {
			a := held[0]
			held[0] = Arrival{}
			held, size = held[1:], size-len(a.Content.Bytes)
			return yield(a, nil)
		}
		for e, err := range x.Entries() {
			switch {
			case err != nil:
				if !yield(Arrival{}, err) {
					return
				}
				continue
			case x.remembered(e, left):
				continue
			}
			a := Arrival{Entry: e}
			if e.Legal {
				a.Content = x.Read(e)
			}
			if a.Content.Signed() {
				if !yield(a, nil) {
					return
				}
				continue
			}
			held, size = append(held, a), size+len(a.Content.Bytes)
			for len(held) > heldEntries || size > heldBytes {
				if !release() {
					return
				}
			}
		}
		for len(held) > 0 && release() {
		}
	}
}

func (x *Exchange) remembered(e Entry, left func(Entry) (durable.Stat, bool)) bool {
	then, known := left(e)
	return known && x.Unchanged(e, then)
}

var signatureEnd = []byte("-----END SSH SIGNATURE-----")

// Signed says whether the bytes end like a signed request: a look that costs nothing, and no word on the signature.
func (c Content) Signed() bool {
	return bytes.HasSuffix(bytes.TrimRight(c.Bytes, "\r\n"), signatureEnd)
}

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

// Left is what a caller remembers of entries that it left where they are. Has is asked first, of every entry, and costs
// no system call; Same says whether an entry is still what it was. The zero value remembers nothing.
type Left struct {
	Has  func(Entry) bool
	Same func(Entry, durable.Stat) bool
}

// Arrivals lists and reads the entries, signed ones before others: an unsigned one is held back until the inbox was
// read to its end, or until so many are held that the first of them must go. Memory is bounded by heldEntries and
// heldBytes; a signed entry waits for those unsigned ones at most that stand before it and were not held.
//
// What the caller left where it is, and remembers, is passed over unread while it is unchanged. The error is Entries';
// strays, which may be nil, gathers what EntriesAnd passes over.
func (x *Exchange) Arrivals(left Left, strays *Strays) iter.Seq2[Arrival, error] {
	return func(yield func(Arrival, error) bool) {
		var held []Arrival
		size := 0
		release := func() bool {
			a := held[0]
			held[0] = Arrival{}
			held, size = held[1:], size-len(a.Content.Bytes)
			return yield(a, nil)
		}
		for e, err := range x.EntriesAnd(strays) {
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

func (x *Exchange) remembered(e Entry, left Left) bool {
	if left.Has == nil || !left.Has(e) {
		return false
	}
	now, err := x.Stat(e)
	return err == nil && left.Same(e, now)
}

var signatureEnd = []byte("-----END SSH SIGNATURE-----")

// Signed says whether the bytes end like a signed request: a look that costs nothing, and no word on the signature.
func (c Content) Signed() bool {
	return bytes.HasSuffix(bytes.TrimRight(c.Bytes, "\r\n"), signatureEnd)
}

package pass

import (
	"fmt"
	"strings"
	"sync"

	"ca-exchange/internal/refusal"
)

// trouble is a kind of thing that goes wrong with entries, names or sub-directories: one warning each, however many of
// them there are.
type trouble string

const (
	unreadable      trouble = "cannot read entries; let ca-admin read them: chmod a+r"
	notAnswerable   trouble = "cannot move entries aside that have no legal name"
	movedAside      trouble = "entries without a legal name were moved to rejected/"
	notRemovable    trouble = "cannot remove answered entries; they stay"
	notListable     trouble = "cannot list sub-directories of the inbox"
	notPublishable  trouble = "cannot publish answers; they stay owed"
	staleNotice     trouble = "cannot remove notices that were replaced"
	withoutRoom     trouble = "unsigned requests fill the pending list; approve or deny some: ca-admin review"
	tooManyDenials  trouble = "the daily limit of denials for unsigned entries is reached; further entries are left"
	tooManyCopies   trouble = "copies of one request under other names are left"
	notRead         trouble = "files in the inbox are not read; a request is called NAME.csr"
	keyLies         trouble = "the inbox contains a private key; remove it and make another: everybody could read it"
	strangeReport   trouble = "host reports that no enrolled key signed were removed"
	refusedReport   trouble = "host reports were refused and removed"
	openToEverybody trouble = "unsigned requests wait, since everybody may write where they are: chmod o-w"
)

// troubles counts what goes wrong during one pass, and logs it at its end.
type troubles struct {
	mu   sync.Mutex
	kind map[trouble]*example
}

// example is the first of a kind, and how many there were.
type example struct {
	of    string // quoted
	err   error
	count int
}

// noteAll notes so many of a kind at once, naming the first few.
func (t *troubles) noteAll(kind trouble, count int, first []string) {
	if count == 0 {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kind == nil {
		t.kind = map[trouble]*example{}
	}
	t.kind[kind] = &example{of: quotedList(first), count: count}
}

func (t *troubles) note(kind trouble, of string, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.kind == nil {
		t.kind = map[trouble]*example{}
	}
	if t.kind[kind] == nil {
		t.kind[kind] = &example{of: refusal.Quote(of), err: err}
	}
	t.kind[kind].count++
}

// quotedList is a few names from the exchange on one line.
func quotedList(names []string) string {
	quoted := make([]string, len(names))
	for i, name := range names {
		quoted[i] = refusal.Quote(name)
	}
	return strings.Join(quoted, ", ")
}

// sayTroubles logs each kind once per change of its count.
func (p *pass) sayTroubles() {
	p.troubles.mu.Lock()
	defer p.troubles.mu.Unlock()
	p.memory.mu.Lock()
	defer p.memory.mu.Unlock()
	before := p.memory.troubles
	p.memory.troubles = map[trouble]string{}
	for kind, e := range p.troubles.kind {
		said := fmt.Sprint(e.count, e.err)
		p.memory.troubles[kind] = said
		if before[kind] == said {
			continue
		}
		args := []any{"count", e.count, "example", e.of}
		if e.err != nil {
			args = append(args, "error", e.err)
		}
		p.Log.Warn(string(kind), args...)
	}
}

// warnOnce logs a trouble of the pass itself once per change of its state: again only when it says something else.
func (p *pass) warnOnce(doing string, err error) {
	p.memory.mu.Lock()
	defer p.memory.mu.Unlock()
	if said := err.Error(); p.memory.warned[doing] != said {
		p.memory.warned[doing] = said
		p.Log.Warn(doing, "error", err)
	}
}

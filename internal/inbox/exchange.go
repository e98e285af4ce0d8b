package inbox

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"sync"

	"ca-exchange/internal/durable"
)

// The directories of an exchange.
const (
	inboxDir    = "inbox"
	outboxDir   = "outbox"
	rejectedDir = "rejected"
)

// Exchange is an open exchange, or one side of it on each of two media.
type Exchange struct {
	Marker
	// Features are what the CA understands beyond version 1, as its outbox says: FeatureRenew, FeatureReport.
	Features []string
	// HoldsKey says whether bytes, the beginning of a file, hold a private key. Such a file is unlinked where it would
	// be moved to rejected/ otherwise, which everybody may read. nil: no file is looked into.
	HoldsKey func([]byte) bool

	in, out *side

	mu     sync.Mutex
	counts map[place]int // files in each rejected/, as far as counted
}

// place is a directory, whatever its name.
type place struct{ dev, ino uint64 }

// Open opens an exchange whose two sides lie in one directory.
func Open(path string) (*Exchange, error) { return OpenSides(path, path) }

// OpenSides opens an exchange whose inbox and outbox come on different media, each in a directory with a marker of
// its own. Both must name the same trust; the outbox's id counts, since it is where answers are owed.
func OpenSides(inboxPath, outboxPath string) (*Exchange, error) {
	in, asked, err := openSide(inboxPath, inboxDir)
	if err != nil {
		return nil, err
	}
	out, answered, err := openSide(outboxPath, outboxDir)
	if err != nil {
		return nil, errors.Join(err, in.closeAll())
	}
	x := &Exchange{Marker: answered, in: in, out: out, counts: map[place]int{}}
	x.Features = readFeatures(out.dir)
	if asked.Trust != answered.Trust && asked.Trust != "" { // "": see Announce
		x.Close()
		return nil, fmt.Errorf("%w: %q has trust %+q, %q has trust %+q",
			ErrTrust, inboxPath, asked.Trust, outboxPath, answered.Trust)
	}
	return x, nil
}

// Close gives back every directory.
func (x *Exchange) Close() error { return errors.Join(x.in.closeAll(), x.out.closeAll()) }

// Path is where the exchange lies, for messages: the inbox's medium where there are two.
func (x *Exchange) Path() string { return x.in.root.Path() }

// SyncMode says how answers are made durable there.
func (x *Exchange) SyncMode() string { return x.out.dir.SyncMode() }

// WorldWritable reports whether everybody on the host may drop a request for a team, "" being the inbox itself. In an
// inbox that is open to everybody every sub-directory is, too: anybody may put one of their own there.
func (x *Exchange) WorldWritable(team string) (bool, error) {
	s, err := x.in.dir.Stat(".")
	if err != nil || s.Mode.Perm()&0o002 != 0 || team == "" {
		return s.Mode.Perm()&0o002 != 0, err
	}
	s, err = x.in.dir.Stat(team)
	return s.Mode.Perm()&0o002 != 0, err
}

// Writable says why nothing can be written into the outbox, or removed from the inbox; nil where both work.
func (x *Exchange) Writable() error {
	for _, dir := range []*durable.Dir{x.out.dir, x.in.dir} {
		if err := dir.Writable(); err != nil {
			return err
		}
	}
	return nil
}

// Moved says whether the paths now lead elsewhere than to the directories held open: removed and made again, mounted
// over, unmounted. What is held open then goes deaf and must be opened again.
func (x *Exchange) Moved() bool { return x.in.moved() || x.out.moved() }

// random is part of a name that nobody can foresee.
func random(digits int) string { return strings.ToLower(rand.Text()[:digits]) }

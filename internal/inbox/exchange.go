package inbox

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// The modes of what Create makes. Sticky lets everybody drop a request and nobody take another's away.
const (
	openInbox    = 0o777 | fs.ModeSticky
	groupInbox   = 0o770 | fs.ModeSticky | fs.ModeSetgid
	privateInbox = 0o755
	publicDir    = 0o755
	publicFile   = 0o644
)

// Options say what kind of exchange Create makes.
type Options struct {
	Trust   string
	GroupID int  // who may drop requests; 0: everybody
	Private bool // only the inbox's owner may: the directory is the authentication
}

// Exchange is an open exchange, or one side of it on each of two media.
type Exchange struct {
	Marker
	inbox, outbox         *durable.Dir
	rejectedIn            *durable.Dir // rejected/ on the inbox's medium; nil where it has none
	rejectedOut           *durable.Dir // on the outbox's
	inboxRoot, outboxRoot string

	mu     sync.Mutex
	teams  map[team]*durable.Dir
	counts map[*durable.Dir]int // files in rejected/, as far as counted
}

type team struct{ side, name string }

// teamsLimit is how many sub-directories are served: each holds a descriptor on either side.
const teamsLimit = 256

// Create makes an exchange, or repairs one: what is missing is made, what is there is left as it is.
func Create(path string, o Options) (*Exchange, error) {
	if err := durable.MakeAll(path, publicDir); err != nil {
		return nil, err
	}
	root, err := durable.Open(path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	marker, err := readMarker(root)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := vacant(root); err != nil {
			return nil, err
		}
		marker = Marker{apiVersion, "Exchange", strings.ToLower(rand.Text()), o.Trust}
	case err != nil:
		return nil, err
	case marker.Trust != o.Trust:
		return nil, fmt.Errorf("%w: %q names trust %q", ErrTrust, path, marker.Trust)
	}
	if err := makeSides(root, o); err != nil {
		return nil, err
	}
	// The marker comes last: a directory with a marker is a whole exchange.
	if _, err := root.Ensure(markerFile, marker.encode(), publicFile); err != nil {
		return nil, err
	}
	return Open(path)
}

// vacant refuses to strew an exchange among somebody's files.
func vacant(root *durable.Dir) error {
	for name, err := range root.Names() {
		if err != nil {
			return err
		}
		switch name.Name {
		case inboxDir, outboxDir, rejectedDir, "lost+found":
		default:
			if !strings.HasPrefix(name.Name, ".") && name.Name != "System Volume Information" {
				return fmt.Errorf("%w, and not empty: %q", ErrNotExchange, filepath.Join(root.Path(), name.Name))
			}
		}
	}
	return nil
}

func makeSides(root *durable.Dir, o Options) error {
	mode := fs.FileMode(openInbox)
	switch {
	case o.Private:
		mode = privateInbox
	case o.GroupID != 0:
		mode = groupInbox
	}
	group := -1
	if o.GroupID != 0 {
		group = o.GroupID
	}
	inbox, _, err := root.MakeDir(inboxDir, mode, group)
	if err != nil {
		return err
	}
	defer inbox.Close()
	for _, name := range []string{outboxDir, rejectedDir} {
		dir, _, err := root.MakeDir(name, publicDir, -1)
		if err != nil {
			return err
		}
		if err := dir.Close(); err != nil {
			return err
		}
	}
	return nil
}

// Open opens an exchange whose two sides lie in one directory.
func Open(path string) (*Exchange, error) { return OpenSides(path, path) }

// OpenSides opens an exchange whose inbox and outbox come on different media, each in a directory with a marker of
// its own; they are one exchange when the markers' ids are the same or one was made for this. The outbox's id counts:
// it is where answers are owed.
func OpenSides(inboxPath, outboxPath string) (*Exchange, error) {
	x := &Exchange{inboxRoot: inboxPath, outboxRoot: outboxPath, teams: map[team]*durable.Dir{}, counts: map[*durable.Dir]int{}}
	if err := x.open(); err != nil {
		return nil, errors.Join(err, x.Close())
	}
	return x, nil
}

func (x *Exchange) open() (err error) {
	var asked Marker
	if asked, x.inbox, x.rejectedIn, err = openSide(x.inboxRoot, inboxDir); err != nil {
		return err
	}
	if x.Marker, x.outbox, x.rejectedOut, err = openSide(x.outboxRoot, outboxDir); err != nil {
		return err
	}
	if asked.Trust != x.Trust {
		return fmt.Errorf("%w: %q names trust %q, %q names %q", ErrTrust, x.inboxRoot, asked.Trust, x.outboxRoot, x.Trust)
	}
	return nil
}

func openSide(path, side string) (m Marker, dir, rejected *durable.Dir, err error) {
	root, err := durable.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return m, nil, nil, fmt.Errorf("%w: %q", ErrNoExchange, path)
	}
	if err != nil {
		return m, nil, nil, err
	}
	defer root.Close()
	if m, err = readMarker(root); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %q", ErrNotExchange, path)
		}
		return m, nil, nil, err
	}
	if dir, err = root.OpenDir(side); err != nil {
		return m, nil, nil, err
	}
	rejected, err = root.OpenDir(rejectedDir)
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return m, dir, rejected, err
}

// Close gives back every directory.
func (x *Exchange) Close() error {
	var errs []error
	for _, dir := range []*durable.Dir{x.inbox, x.outbox, x.rejectedIn, x.rejectedOut} {
		if dir != nil {
			errs = append(errs, dir.Close())
		}
	}
	for _, dir := range x.teams {
		errs = append(errs, dir.Close())
	}
	return errors.Join(errs...)
}

// Path is where the exchange lies, for messages: the inbox's medium where there are two.
func (x *Exchange) Path() string { return x.inboxRoot }

// SyncMode says how answers are made durable there.
func (x *Exchange) SyncMode() string { return x.outbox.SyncMode() }

// WorldWritable says whether everybody on the host may drop a request.
func (x *Exchange) WorldWritable() (bool, error) {
	s, err := x.inbox.Stat(".")
	return s.Mode.Perm()&0o002 != 0, err
}

// Writable says why nothing can be written into the outbox, or removed from the inbox; nil where both work.
func (x *Exchange) Writable() error {
	for _, dir := range []*durable.Dir{x.outbox, x.inbox} {
		if err := dir.Writable(); err != nil {
			return err
		}
	}
	return nil
}

// Moved says whether the paths now lead elsewhere than to the directories held open: removed and made again, mounted
// over, unmounted. What is held open then goes deaf and must be opened again.
func (x *Exchange) Moved() bool {
	for path, dir := range map[string]*durable.Dir{filepath.Join(x.inboxRoot, inboxDir): x.inbox, filepath.Join(x.outboxRoot, outboxDir): x.outbox} {
		held, err := dir.Stat(".")
		if err != nil {
			return true
		}
		now, err := os.Lstat(path)
		if err != nil || !now.IsDir() {
			return true
		}
		fresh, err := durable.Open(path)
		if err != nil {
			return true
		}
		seen, err := fresh.Stat(".")
		fresh.Close()
		if err != nil || seen.Dev != held.Dev || seen.Ino != held.Ino {
			return true
		}
	}
	return false
}

// side gives the directory of a team on one side; "" is the side itself. made says to make it where it is missing.
func (x *Exchange) side(which, name string, make bool) (*durable.Dir, error) {
	root := x.inbox
	if which == outboxDir {
		root = x.outbox
	}
	if name == "" {
		return root, nil
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	key := team{which, name}
	if dir, ok := x.teams[key]; ok {
		return dir, nil
	}
	if len(x.teams) >= 2*teamsLimit {
		return nil, fmt.Errorf("%q: more than %d sub-directories are open already", name, teamsLimit)
	}
	dir, err := root.OpenDir(name)
	if make && errors.Is(err, fs.ErrNotExist) {
		dir, _, err = root.MakeDir(name, publicDir, -1)
	}
	if err != nil {
		return nil, err
	}
	x.teams[key] = dir
	return dir, nil
}

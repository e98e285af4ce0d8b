package inbox

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"ca-exchange/internal/durable"
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
		marker = Marker{APIVersion: apiVersion, Kind: markerKind, ID: strings.ToLower(rand.Text()), Trust: o.Trust}
	case err != nil:
		return nil, err
	case marker.Trust != o.Trust:
		return nil, fmt.Errorf("%w: %q has trust %+q, this CA has %q", ErrTrust, path, marker.Trust, o.Trust)
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

// vacant refuses to scatter an exchange among somebody's files.
func vacant(root *durable.Dir) error {
	for name, err := range root.Names() {
		if err != nil {
			return err
		}
		switch name.Name {
		case inboxDir, outboxDir, rejectedDir, "lost+found":
		default:
			if !strings.HasPrefix(name.Name, ".") && name.Name != "System Volume Information" {
				return fmt.Errorf("%w, and not empty: %+q", ErrNotExchange, filepath.Join(root.Path(), name.Name))
			}
		}
	}
	return nil
}

func makeSides(root *durable.Dir, o Options) error {
	mode, group := fs.FileMode(openInbox), -1
	switch {
	case o.Private:
		mode = privateInbox
	case o.GroupID != 0:
		mode = groupInbox
	}
	if o.GroupID != 0 {
		group = o.GroupID
	}
	if err := makeOne(root, inboxDir, mode, group); err != nil {
		return err
	}
	for _, name := range []string{outboxDir, rejectedDir} {
		if err := makeOne(root, name, publicDir, -1); err != nil {
			return err
		}
	}
	return nil
}

func makeOne(root *durable.Dir, name string, mode fs.FileMode, group int) error {
	dir, _, err := root.MakeDir(name, mode, group)
	if err != nil {
		return err
	}
	return dir.Close()
}

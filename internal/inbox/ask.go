package inbox

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
)

// ErrForeign: something else than this request has its entry's name in the inbox.
var ErrForeign = errors.New("something else has the entry's name in the inbox")

// Drop puts a request into the inbox, whole and durable. The same bytes under the same name are no error; anything else
// there is ErrForeign, and stays.
func (x *Exchange) Drop(name string, request []byte) error {
	err := x.in.dir.Create(name+suffix, request, publicFile)
	if errors.Is(err, fs.ErrExist) {
		_, err = x.Waiting(name, request)
	}
	return err
}

// Waiting reports whether exactly this request lies in the inbox under a name; anything else there is ErrForeign.
func (x *Exchange) Waiting(name string, request []byte) (bool, error) {
	have, _, err := x.in.dir.Read(name+suffix, Limit)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	case err != nil || !bytes.Equal(have, request):
		return false, foreignEntry(err)
	}
	return true, nil
}

// Withdraw takes a request out of the inbox, durably. What else has its name stays; what is gone is no error.
func (x *Exchange) Withdraw(name string, request []byte) error {
	if waiting, err := x.Waiting(name, request); !waiting {
		if errors.Is(err, ErrForeign) {
			return nil
		}
		return err
	}
	if err := x.Remove(Entry{Name: name, File: name + suffix}, request); err != nil {
		return err
	}
	return x.SyncInbox("")
}

// foreignEntry is ErrForeign with what else there is to say, in one line.
func foreignEntry(err error) error {
	if err == nil {
		return ErrForeign
	}
	return fmt.Errorf("%w: %w", ErrForeign, err)
}

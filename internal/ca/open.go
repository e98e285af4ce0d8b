package ca

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// The files of a CA directory beside its issuers.
const (
	policyFile     = "policy.yaml"
	requestersFile = "requesters.yaml"
	blockedFile    = "blocked-keys"
	ledgerFile     = "ledger.db"
	lockFile       = "lock" // held by the one watch (P9)
)

// sizeLimit bounds what is read of a file in the CA directory: generous for people, safe for memory.
const sizeLimit = 16 << 20

// Errors that the command line answers with a hint.
var (
	ErrNoDirectory = errors.New("no CA directory")
	ErrExists      = errors.New("the CA directory exists already")
	ErrLocked      = durable.ErrLocked
)

// Settings are what a CA needs from its surroundings.
type Settings struct {
	Now              func() time.Time
	Log              *slog.Logger
	Passphrase       Passphrase // for encrypted CA keys; nil where nobody can be asked
	ForgetPassphrase func()     // overwrites what Passphrase gave; nil for nothing

	// AgentSocket is the ssh-agent of those issuers of signers.yaml that name none; "" for none.
	AgentSocket string
}

// CA is an open CA directory. Any number of processes may have it open; one at a time may Watch.
type CA struct {
	Settings
	dir    *durable.Dir
	ledger *ledger.Ledger
	keys   keyring                   // empty until Unlock
	trust  atomic.Pointer[pki.Trust] // of the zero Trust while an issuer waits

	mu       sync.Mutex
	rules    *Rules
	count    int      // of the issuers, those that wait included
	waiting  []string // the issuers that wait for their parent; they are looked for again at each Rules
	unlocked bool     // this process signs: it gets the keys of issuers that waited

	crls crlMemory
}

// Open opens a CA directory. It reads no private key: see Unlock.
func Open(path string, s Settings) (*CA, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	dir, err := durable.Open(path)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %w", ErrNoDirectory, err)
		}
		return nil, err
	}
	c := &CA{Settings: s, dir: dir}
	if err := c.open(path); err != nil {
		return nil, errors.Join(err, dir.Close())
	}
	return c, nil
}

func (c *CA) open(path string) error {
	if err := checkPrivate(c.dir, path); err != nil {
		return err
	}
	if err := c.loadTrust(); err != nil {
		return err
	}
	var err error
	if c.ledger, err = openLedger(c.dir, path); err != nil {
		return err
	}
	if _, err := c.Rules(); err != nil {
		return errors.Join(err, c.ledger.Close())
	}
	return nil
}

// Close gives back what Open took.
func (c *CA) Close() error { return errors.Join(c.ledger.Close(), c.dir.Close()) }

// Dir is the CA directory, for what belongs beside the ledger.
func (c *CA) Dir() *durable.Dir { return c.dir }

// Lock makes this process the one that watches; ErrLocked says that another one is.
func (c *CA) Lock() (*durable.Lock, error) { return c.dir.Lock(lockFile) }

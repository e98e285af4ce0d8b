package component

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// The private part of a component directory.
const (
	privateDir  = "component-admin"
	requestsDir = "requests"
	configFile  = "config.yaml"
	trustFile   = "issuers.pem"
	lockFile    = "lock"
	keyFile     = "key.pem"
	requestFile = "request.csr"
	stateFile   = "state.json"
)

// sizeLimit bounds what is read of a file in the component directory.
const sizeLimit = 1 << 20

// Errors that the command line answers with a hint.
var (
	ErrNoComponent = errors.New("no component directory")
	ErrExists      = errors.New("the component directory is set up already")
	ErrUnpinned    = errors.New("the CA's trust fingerprint is not pinned")
	ErrOtherTrust  = errors.New("another trust is pinned")
	ErrIssuers     = errors.New("the issuers are not there yet")
)

// Config is component-admin/config.yaml.
type Config struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Name       string `yaml:"name"`               // who asks: the name the CA admin enrolls
	Exchange   string `yaml:"exchange,omitempty"` // where, unless a flag says otherwise
	Trust      string `yaml:"trust,omitempty"`    // pinned fingerprint
	Identity   string `yaml:"identity,omitempty"` // SSH key file that was adopted; "" for component-admin/identity
}

// Settings are what a Component needs from its surroundings.
type Settings struct {
	Now func() time.Time
	Log *slog.Logger
}

// Component is an open component directory.
type Component struct {
	Settings
	Config
	path    string
	root    *durable.Dir
	private *durable.Dir
}

// Create sets a component directory up; what else lies in it is left alone.
func Create(path string, c Config, s Settings) (*Component, error) {
	if err := durable.MakeAll(path, 0o755); err != nil {
		return nil, err
	}
	root, err := durable.Open(path)
	if err != nil {
		return nil, err
	}
	defer root.Close()
	private, _, err := root.MakeDir(privateDir, 0o700, -1)
	if err != nil {
		return nil, err
	}
	defer private.Close()
	if _, err := private.Stat(configFile); err == nil {
		return nil, fmt.Errorf("%w: %q", ErrExists, path)
	}
	if err := makeIdentity(private, c.Identity, c.Name); err != nil {
		return nil, err
	}
	// The configuration comes last: with it, the directory is set up.
	if err := writeConfig(private.Create, c); err != nil {
		return nil, err
	}
	return Open(path, s)
}

func writeConfig(write func(string, []byte, fs.FileMode) error, c Config) error {
	c.APIVersion, c.Kind = refusal.APIVersion, "ComponentAdmin"
	text, err := yaml.Marshal(c)
	if err != nil {
		return err
	}
	return write(configFile, text, 0o600)
}

// Open opens a component directory that Create set up.
func Open(path string, s Settings) (*Component, error) {
	c := &Component{Settings: s, path: path}
	if err := c.open(); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: %w", ErrNoComponent, err)
		}
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

func (c *Component) open() (err error) {
	if c.root, err = durable.Open(c.path); err != nil {
		return err
	}
	if c.private, err = c.root.OpenDir(privateDir); err != nil {
		return err
	}
	if s, err := c.private.Stat("."); err != nil {
		return err
	} else if s.Mode.Perm()&0o077 != 0 {
		return fmt.Errorf("others may read %q: it has mode %#o, not 0700", c.private.Path(), s.Mode.Perm())
	}
	text, _, err := c.private.Read(configFile, sizeLimit)
	if err != nil {
		return err
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&c.Config); err != nil {
		return fmt.Errorf("reading %q: %w", filepath.Join(c.private.Path(), configFile), err)
	}
	return nil
}

// Close gives back what Open took.
func (c *Component) Close() error {
	var errs []error
	for _, dir := range []*durable.Dir{c.private, c.root} {
		if dir != nil {
			errs = append(errs, dir.Close())
		}
	}
	return errors.Join(errs...)
}

// Path is the component directory.
func (c *Component) Path() string { return c.path }

// lockPatience is how long one component-admin waits for another in the same directory.
const lockPatience = 30 * time.Second

// Lock makes this process the only one that changes the directory, waiting for another to end.
func (c *Component) Lock() (*durable.Lock, error) {
	for deadline := time.Now().Add(lockPatience); ; time.Sleep(50 * time.Millisecond) {
		lock, err := c.private.Lock(lockFile)
		if err == nil || !errors.Is(err, durable.ErrLocked) || time.Now().After(deadline) {
			return lock, err
		}
	}
}

// Pin records the fingerprint of the CA to trust. Pinning another one is refused: keys and certificates installed so
// far belong to the first.
func (c *Component) Pin(fingerprint string) error {
	if c.Trust == fingerprint {
		return nil
	}
	if c.Trust != "" {
		return fmt.Errorf("%w: %s", ErrOtherTrust, c.Trust)
	}
	c.Config.Trust = fingerprint
	return writeConfig(c.private.Replace, c.Config)
}

// Issuers are the pinned issuers. ErrUnpinned says that there is no fingerprint, ErrIssuers that their certificates
// have not been seen yet.
func (c *Component) Issuers() (pki.Trust, error) {
	if c.Trust == "" {
		return pki.Trust{}, ErrUnpinned
	}
	text, _, err := c.private.Read(trustFile, sizeLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return pki.Trust{}, ErrIssuers
	}
	if err != nil {
		return pki.Trust{}, err
	}
	return c.believe(text)
}

// believe reads issuers and accepts them only under the pinned fingerprint.
func (c *Component) believe(text []byte) (pki.Trust, error) {
	trust, err := pki.ParseTrust(text)
	if err != nil {
		return pki.Trust{}, err
	}
	if trust.Fingerprint != c.Trust {
		return pki.Trust{}, fmt.Errorf("%w: the issuers have %s, pinned is %s", ErrOtherTrust, trust.Fingerprint, c.Trust)
	}
	return trust, nil
}

// Offered is the trust that an exchange shows, whoever put it there: for a person to compare.
func Offered(x *inbox.Exchange) (pki.Trust, error) {
	content, err := x.ReadAnswer("", trustFile)
	if err != nil {
		return pki.Trust{}, err
	}
	if content.Bytes == nil {
		return pki.Trust{}, ErrIssuers
	}
	return pki.ParseTrust(content.Bytes)
}

// TakeIssuers takes the issuers from the outbox once they lie there and match, and installs them where kubeadm looks.
func (c *Component) TakeIssuers(x *inbox.Exchange) (pki.Trust, error) {
	// The marker is only a hint, but an honest CA's names its own trust: this exchange is another's.
	if c.Trust != "" && x.Trust != c.Trust {
		return pki.Trust{}, fmt.Errorf("%w: the exchange names %s, pinned is %s", ErrOtherTrust, x.Trust, c.Trust)
	}
	trust, err := c.Issuers()
	if errors.Is(err, ErrIssuers) {
		content, readErr := x.ReadAnswer("", trustFile)
		if readErr != nil {
			return pki.Trust{}, readErr
		}
		if content.Bytes == nil {
			return pki.Trust{}, ErrIssuers
		}
		if trust, err = c.believe(content.Bytes); err != nil {
			return pki.Trust{}, err
		}
		if err := c.private.Create(trustFile, pki.EncodeTrust(trust.Authorities), 0o644); err != nil {
			return pki.Trust{}, err
		}
	}
	return trust, err
}

// installIssuer puts an issuer's certificates where kubeadm looks; another CA's file there is never replaced.
func (c *Component) installIssuer(root, file string, a pki.Authority) error {
	have, err := c.readAt(root, file)
	if err == nil {
		certificates, err := pki.ParseCertificates(have)
		if err == nil && slices.ContainsFunc(certificates, a.Certificate.Equal) {
			return nil
		}
		return fmt.Errorf("%w: %q holds another CA's certificate", ErrOtherTrust, filepath.Join(cmp.Or(root, c.path), file))
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return c.below(root, func(dir *durable.Dir) error { return writeBelow(dir, file, a.Anchor(), 0o644) })
}

// below does something in the directory that files lie below: "" for the component directory.
func (c *Component) below(root string, do func(*durable.Dir) error) error {
	if root == "" {
		return do(c.root)
	}
	dir, err := durable.Open(root)
	if err != nil {
		return err
	}
	defer dir.Close()
	return do(dir)
}

// readAt reads a file by its path below such a directory.
func (c *Component) readAt(root, file string) (b []byte, err error) {
	err = c.below(root, func(dir *durable.Dir) error {
		b, err = readBelow(dir, file)
		return err
	})
	return b, err
}

// readBelow reads a file by its path below a directory.
func readBelow(root *durable.Dir, file string) ([]byte, error) {
	dir, name, err := walk(root, file, false)
	if err != nil {
		return nil, err
	}
	defer closeBelow(root, dir)
	b, _, err := dir.Read(name, sizeLimit)
	return b, err
}

// writeBelow replaces a file by its path below a directory, making the directories on the way.
func writeBelow(root *durable.Dir, file string, data []byte, mode fs.FileMode) error {
	dir, name, err := walk(root, file, true)
	if err != nil {
		return err
	}
	defer closeBelow(root, dir)
	_, err = dir.Ensure(name, data, mode)
	return err
}

// walk opens the directory that a path's file lies in, never through a link.
func walk(root *durable.Dir, file string, make bool) (dir *durable.Dir, name string, err error) {
	parts := strings.Split(filepath.ToSlash(filepath.Clean(file)), "/")
	dir = root
	for _, part := range parts[:len(parts)-1] {
		var next *durable.Dir
		if make {
			next, _, err = dir.MakeDir(part, 0o755, -1)
		} else {
			next, err = dir.OpenDir(part)
		}
		closeBelow(root, dir)
		if err != nil {
			return nil, "", err
		}
		dir = next
	}
	return dir, parts[len(parts)-1], nil
}

func closeBelow(root, dir *durable.Dir) {
	if dir != root {
		dir.Close()
	}
}

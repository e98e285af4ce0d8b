package component

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"ca-exchange/internal/durable"
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

// sizeLimit bounds what is read of a file in the component directory, in bytes.
const sizeLimit = 1 << 20

// Errors that the command line answers with a hint.
var (
	ErrNoComponent = errors.New("no component directory")
	ErrExists      = errors.New("the component directory is set up already")
	ErrOwner       = errors.New("belongs to another user")
	ErrUnpinned    = errors.New("the CA's trust fingerprint is not pinned")
	ErrOtherTrust  = errors.New("another trust is pinned")
	ErrOtherCA     = errors.New("another CA's certificate is in place")
	ErrIdentity    = errors.New("the SSH key of this host is not there any more")
	ErrIssuers     = errors.New("the issuers are not in the outbox yet")
)

// Config is component-admin/config.yaml.
type Config struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Name       string `yaml:"name"`               // the requester, as the CA admin enrolls it
	Exchange   string `yaml:"exchange,omitempty"` // absolute path, unless a flag says otherwise
	Trust      string `yaml:"trust,omitempty"`    // pinned fingerprint
	Identity   string `yaml:"identity,omitempty"` // adopted SSH key file; "" for component-admin/identity

	Visit    string   `yaml:"visit,omitempty"`    // how often a carried exchange comes by: 60d; "" for one at hand
	Renew    string   `yaml:"renew,omitempty"`    // how long before its end a certificate is due: 1/3 (default), 720h
	KeepKey  []string `yaml:"keepKey,omitempty"`  // profiles that are renewed with the key they have
	Reports  string   `yaml:"reports,omitempty"`  // off: the CA is not told what is installed here
	Features []string `yaml:"features,omitempty"` // what the exchange last said that its CA understands

	Layout string  `yaml:"layout,omitempty"` // pem; "" for kubeadm's
	Paths  PathMap `yaml:"paths,omitempty"`  // profiles whose files are elsewhere
}

// Rule is when certificates of this host are due.
func (c Config) Rule() (pki.RenewalRule, error) {
	rule, err := pki.ParseRenewalRule(c.Renew)
	if visit := unlessNone(c.Visit); err == nil && visit != "" {
		rule.Visit, err = pki.ParseDays(visit)
	}
	if err != nil {
		return rule, fmt.Errorf("%s: %w", configFile, err)
	}
	return rule, nil
}

// Check says what is wrong with settings.
func (c Config) Check() error {
	if _, err := c.Rule(); err != nil {
		return err
	}
	return checkLayout(c.Layout)
}

// None resets a setting.
const None = "none"

func unlessNone(s string) string {
	if s == None {
		return ""
	}
	return s
}

// Configure takes the values that are set in with, and resets those that are None. Open requests get a new cover at the
// next Sync.
func (c *Component) Configure(with Config) error {
	if err := with.Check(); err != nil {
		return err
	}
	return c.update(func(to *Config) {
		to.Name, to.Exchange = cmp.Or(with.Name, to.Name), cmp.Or(with.Exchange, to.Exchange)
		if to.Layout = cmp.Or(with.Layout, to.Layout); to.Layout == LayoutKubeadm {
			to.Layout = ""
		}
		to.Visit, to.Renew = unlessNone(cmp.Or(with.Visit, to.Visit)), cmp.Or(with.Renew, to.Renew)
		if to.Reports = cmp.Or(with.Reports, to.Reports); to.Reports != Off {
			to.Reports = ""
		}
		if with.KeepKey != nil {
			to.KeepKey = slices.DeleteFunc(with.KeepKey, func(profile string) bool { return profile == None })
		}
	})
}

// RememberExchange records where the exchange is, once one has worked and none is recorded.
func (c *Component) RememberExchange(path string) error {
	path, err := filepath.Abs(path)
	if err != nil || c.Config.Exchange != "" {
		return err
	}
	return c.update(func(to *Config) { to.Exchange = cmp.Or(to.Exchange, path) })
}

// update changes the configuration.
func (c *Component) update(change func(*Config)) error {
	lock, err := c.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	return c.updateLocked(change)
}

// updateLocked changes the configuration as it is now: another process may have changed it since this one opened the
// directory. The caller holds the lock.
func (c *Component) updateLocked(change func(*Config)) error {
	now, err := readConfig(c.private)
	if err != nil {
		return err
	}
	before := fmt.Sprint(now)
	if change(&now); fmt.Sprint(now) != before {
		if err := writeConfig(c.private.Replace, now); err != nil {
			return err
		}
	}
	c.Config = now
	return nil
}

func writeConfig(write func(string, []byte, fs.FileMode) error, c Config) error {
	c.APIVersion, c.Kind = refusal.APIVersion, "ComponentAdmin"
	text, err := yaml.Marshal(c)
	if err != nil {
		return fmt.Errorf("encoding %s: %w", configFile, err)
	}
	return write(configFile, text, 0o600)
}

func readConfig(private *durable.Dir) (Config, error) {
	var c Config
	text, _, err := private.Read(configFile, sizeLimit)
	if err != nil {
		return c, err
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&c); err != nil {
		file, plain := filepath.Join(private.Path(), configFile), yaml.FormatError(err, false, false)
		return c, fmt.Errorf("reading %q: %s", file, plain) // without the lines around it: an error is one line
	}
	if err := errors.Join(checkLayout(c.Layout), c.Paths.checkBelow(filepath.Dir(private.Path()))); err != nil {
		return c, fmt.Errorf("reading %q: %w", filepath.Join(private.Path(), configFile), err)
	}
	return c, nil
}

// lockPatience is how long one component-admin waits for another one in the same directory.
const lockPatience = 30 * time.Second

// Lock makes this process the only one that changes the directory, waiting for another one to end.
func (c *Component) Lock() (*durable.Lock, error) {
	for deadline := time.Now().Add(lockPatience); ; time.Sleep(50 * time.Millisecond) {
		lock, err := c.private.Lock(lockFile)
		if err == nil || !errors.Is(err, durable.ErrLocked) || time.Now().After(deadline) {
			return lock, err
		}
	}
}

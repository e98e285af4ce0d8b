package component

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"regexp"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/refusal"
)

// hooksFile lists the programs to run after an installation; it is below the private part.
const hooksFile = "hooks.yaml"

// Hook is one program to run after an installation: an argument vector, never a shell's line, in which nothing is
// substituted.
type Hook struct {
	Name     string   `yaml:"name"`
	Profiles []string `yaml:"profiles,omitempty"`
	Issuers  []string `yaml:"issuers,omitempty"` // after these issuers' certificates were put into place
	CRLs     []string `yaml:"crls,omitempty"`    // after these issuers' CRLs were
	Run      []string `yaml:"run"`
	Timeout  string   `yaml:"timeout,omitempty"` // 2m by default

	limit time.Duration
}

type hooksDocument struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string `yaml:"kind"`
	Hooks      []Hook `yaml:"hooks"`
}

// ErrHooks: hooks.yaml, or a program that it names, cannot be trusted or read. What is pending stays pending.
var ErrHooks = errors.New("the hooks cannot be run")

var hookName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// defaultTimeout is how long a hook may take unless it says otherwise.
const defaultTimeout = 2 * time.Minute

// Hooks reads hooks.yaml; it returns nil if the file is missing. Anyone who can write the file can run programs as this
// program's user, so it must belong to root or to that user and be writable by nobody else.
func (c *Component) Hooks() ([]Hook, error) {
	text, stat, err := c.private.Read(hooksFile, sizeLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHooks, err)
	}
	if err := durable.CheckWriters(filepath.Join(c.private.Path(), hooksFile), stat); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHooks, err)
	}
	var d hooksDocument
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&d); err != nil {
		return nil, fmt.Errorf("%w: reading %s: %w", ErrHooks, hooksFile, err)
	}
	if d.APIVersion != refusal.APIVersion || d.Kind != "Hooks" {
		return nil, fmt.Errorf("%w: %s has apiVersion %q and kind %q, not %q and %q",
			ErrHooks, hooksFile, d.APIVersion, d.Kind, refusal.APIVersion, "Hooks")
	}
	names := map[string]bool{}
	for i := range d.Hooks {
		if err := d.Hooks[i].complete(names); err != nil {
			return nil, fmt.Errorf("%w: %s: hook %q: %w", ErrHooks, hooksFile, d.Hooks[i].Name, err)
		}
	}
	return d.Hooks, nil
}

// complete checks a hook and fills in its timeout.
func (h *Hook) complete(names map[string]bool) error {
	switch {
	case !hookName.MatchString(h.Name):
		return errors.New("a name is at most 64 letters, digits, dots, hyphens and underscores")
	case names[h.Name]:
		return errors.New("another hook has this name")
	case len(h.Profiles)+len(h.Issuers)+len(h.CRLs) == 0:
		return errors.New("it names no profiles, issuers or crls, so it would never run")
	case len(h.Run) == 0 || !filepath.IsAbs(h.Run[0]):
		return errors.New("run begins with the absolute path of a program (a shell's line is not read)")
	}
	for _, name := range slices.Concat(h.Issuers, h.CRLs) {
		if !slices.ContainsFunc(kube.Issuers(), func(i kube.Issuer) bool { return i.Name == name }) {
			return fmt.Errorf("no issuer %q (ca, etcd-ca, front-proxy-ca)", name)
		}
	}
	names[h.Name], h.limit = true, defaultTimeout
	if h.Timeout != "" {
		d, err := time.ParseDuration(h.Timeout)
		if err != nil || d <= 0 {
			return fmt.Errorf("timeout %q is not a duration (example: 2m)", h.Timeout)
		}
		h.limit = d
	}
	return nil
}

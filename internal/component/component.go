package component

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"path/filepath"
	"time"

	"ca-exchange/internal/durable"
)

// Settings are what a Component needs from its surroundings.
type Settings struct {
	Now func() time.Time
	Log *slog.Logger
}

// Component is an open component directory.
type Component struct {
	Settings
	Config
	path    string // absolute
	root    *durable.Dir
	private *durable.Dir
}

// Create sets a component directory up. It does not change other files in the directory.
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

// Open opens a component directory that Create set up. Everything in its private part has to belong to the user who
// runs the program: ErrOwner.
func Open(path string, s Settings) (*Component, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
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
	if err := checkOwners(c.private); err != nil {
		return err
	}
	c.Config, err = readConfig(c.private)
	return err
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

// Path is the component directory's absolute path.
func (c *Component) Path() string { return c.path }

// below opens the directory that a place's files lie below: "" is the component directory. The caller closes it.
func (c *Component) below(root string) (*durable.Dir, error) {
	if root == "" {
		return c.root.OpenDir(".")
	}
	return durable.Open(root)
}

// readAt reads a file by its path below such a directory.
func (c *Component) readAt(root, file string) ([]byte, error) {
	return c.readUpTo(sizeLimit, root, file)
}

func (c *Component) readUpTo(limit int, root, file string) ([]byte, error) {
	root, file = rooted(root, file)
	dir, err := c.below(root)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	b, _, err := dir.ReadPath(file, limit)
	return b, err
}

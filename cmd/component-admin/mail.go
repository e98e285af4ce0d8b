package main

import (
	"errors"
	"os"

	"ca-exchange/internal/component"
)

// mail writes a request to a file, or to stdout, instead of dropping it.
func (r *requestCommand) mail(a *app, c *component.Component, place string) error {
	s, err := c.Find(place)
	if err != nil {
		return a.explainFind(err)
	}
	entry, err := c.Entry(s)
	if err != nil {
		return a.explain(err)
	}
	if a.JSON {
		err = errors.Join(writeNew(r.CSROut, entry), a.encodeProgress([]component.Progress{{State: s}}, nil))
	} else if r.CSROut == "-" {
		_, err = a.Out.Write(entry)
	} else {
		err = writeNew(r.CSROut, entry)
	}
	if err != nil {
		return err
	}
	a.Say("the CA admin signs it: ca-admin sign FILE; then here: component-admin install CERTIFICATE %s", s.ID[:16])
	return nil
}

// writeNew writes a file that must not be there yet.
func writeNew(name string, content []byte) error {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	if _, err = f.Write(content); err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

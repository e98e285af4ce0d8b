package component

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"ca-exchange/internal/pki"
)

// examination is one run of Examine.
type examination struct {
	Host
	kind        hostKind
	requests    []State // of the component directory
	pinned      pki.Trust
	authorities map[string]pki.Authority
	anchors     map[string]string // certificates that stand beside an issuer's in its file, and that file
	findings    []found
}

// found is a finding on its way: its fix may be shared with others.
type found struct {
	Finding
	renews string // a profile whose certificate is right and ends: all such are renewed by one command
	asks   bool   // its fix is a request, which wants a component directory that is set up
}

// remedy is what mends one thing.
type remedy struct {
	fix    string
	renews string
	asks   bool
}

func newExamination(h Host) (*examination, error) {
	e := &examination{Host: h, authorities: map[string]pki.Authority{}, anchors: map[string]string{}}
	if h.Component != nil {
		var err error
		if e.requests, err = h.Component.Requests(); err != nil {
			return nil, err
		}
		if e.pinned, err = h.Component.Issuers(); err != nil {
			e.pinned = pki.Trust{} // none yet: what lies on the host is held against itself
		}
	}
	e.kind = h.kindOf(e.requests)
	if e.handMade() {
		e.kind = otherHost // its certificates say what they are for, not the names of their files
	}
	if e.Node == "" && !e.handMade() { // there, many hosts' files may lie side by side
		e.Node = cmp.Or(h.nodeOfKubelet(), h.nodeOfEtcd(), nodeAsked(e.requests))
	}
	return e, nil
}

// handMade reports whether the host's files have names that others chose, and no configuration says what it needs.
func (e *examination) handMade() bool { return e.Layout.PEM && !e.Known }

func (e *examination) find(severity, file string, r remedy, problem string, args ...any) {
	f := Finding{Severity: severity, File: file, Problem: fmt.Sprintf(problem, args...), Fix: r.fix}
	e.findings = append(e.findings, found{f, r.renews, r.asks})
}

// by is a remedy that is a command of another program.
func by(words ...string) remedy { return remedy{fix: Command(words...)} }

// public reads a file that anybody may read and only its owner may write. It is nil where it cannot be read, which is a
// finding already.
func (e *examination) public(file string, r remedy) []byte {
	text := e.read(file, r)
	if mode, ok := modeOf(file); ok && text != nil && mode&0o022 != 0 {
		e.find(Wrong, file, by("chmod", "644", file), "others may write to it: mode %#o", mode)
	}
	return text
}

// private reads a file with a private key in it.
func (e *examination) private(file string, r remedy) []byte {
	text := e.read(file, r)
	if mode, ok := modeOf(file); ok && text != nil && mode&0o077 != 0 {
		e.find(Wrong, file, by("chmod", "600", file), "others may read the private key in it: mode %#o", mode)
	}
	return text
}

// read follows links, since the kubelet's current certificate is one: this is the host's own directory, not the
// exchange.
func (e *examination) read(file string, r remedy) []byte {
	text, err := readHostFile(file)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		e.find(Wrong, file, r, "the file is missing")
		return nil
	case err != nil:
		e.find(Wrong, file, remedy{fix: "run the doctor as the owner of the file, usually root"}, "cannot read it: %v",
			err)
		return nil
	}
	return text
}

func modeOf(file string) (fs.FileMode, bool) {
	s, err := os.Stat(file)
	if err != nil {
		return 0, false
	}
	return s.Mode().Perm(), true
}

// validity looks at dates. renewal mends a certificate that ends; one whose whole life is short ends soon in its last
// third.
func (e *examination) validity(file string, from, until time.Time, renewal remedy) {
	switch {
	case e.Now.Before(from):
		e.find(Wrong, file, renewal, "it is not valid before %s, and the clock says %s",
			from.UTC().Format(time.RFC3339), e.Now.UTC().Format(time.RFC3339))
	case e.Now.After(until):
		e.find(Wrong, file, renewal, "it expired at %s", until.UTC().Format(time.RFC3339))
	case until.Sub(e.Now) < min(expiringSoon, until.Sub(from)/3):
		e.find(Expiring, file, renewal, "it expires at %s", until.UTC().Format(time.RFC3339))
	}
}

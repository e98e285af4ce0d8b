package ca

import (
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// ErrNoCertificate reports a file that was named to be imported and contains no certificate.
var ErrNoCertificate = errors.New("contains no certificate")

// Files reads certificates from files and directories: PEM or DER, alone, several, or beside keys, and kubeconfigs. A
// file that is named must have a certificate; in a directory others are passed over, and links are not followed.
func Files(paths ...string) iter.Seq2[Foreign, error] {
	return func(yield func(Foreign, error) bool) {
		for _, one := range paths {
			parent, name, err := openNamed(one)
			if err != nil {
				yield(Foreign{}, err)
				return
			}
			more := eachCertificate(parent, one, name, yield)
			if parent.Close(); !more {
				return
			}
		}
	}
}

// eachCertificate yields the certificates of one file or directory; more is false where nobody wants any more.
func eachCertificate(parent *durable.Dir, shown, name string, yield func(Foreign, error) bool) (more bool) {
	below, err := parent.OpenDir(name)
	if err != nil {
		text, _, err := parent.Read(name, certificateLimit)
		return yieldAll(walked{path: shown, text: text, err: err, named: true}, yield)
	}
	defer below.Close()
	for f := range (&fileWalk{}).files(below, shown, 0) {
		if !yieldAll(f, yield) {
			return false
		}
	}
	return true
}

// yieldAll yields the certificates of a file, and what cannot be read.
func yieldAll(f walked, yield func(Foreign, error) bool) bool {
	if f.err != nil {
		return yield(Foreign{Where: f.path, Problem: f.err}, nil)
	}
	certificates, problems := pki.FindCertificates(f.text)
	if len(certificates)+len(problems) == 0 {
		for _, embedded := range kube.ClientCertificates(f.text) {
			more, wrong := pki.FindCertificates(embedded)
			certificates, problems = append(certificates, more...), append(problems, wrong...)
		}
	}
	for _, problem := range problems {
		if !yield(Foreign{Where: f.path, Problem: problem}, nil) {
			return false
		}
	}
	for _, c := range certificates {
		if !yield(Foreign{Where: f.path, File: f.path, Leaf: c}, nil) {
			return false
		}
	}
	if len(certificates)+len(problems) == 0 && f.named {
		return yield(Foreign{Where: f.path, Problem: ErrNoCertificate}, nil)
	}
	return true
}

// walked is a file that a walk came by.
type walked struct {
	path  string
	text  []byte
	err   error
	named bool // by a person
}

// A walk goes so deep into directories and reads so many names: a person may name the wrong directory.
const (
	mostDepth = 16
	mostNames = 2_000_000
)

// fileWalk reads the files of a directory and of those below it, in the order of their names.
type fileWalk struct{ names int }

func (w *fileWalk) files(dir *durable.Dir, at string, depth int) iter.Seq[walked] {
	return func(yield func(walked) bool) { w.walk(dir, at, depth, yield) }
}

func (w *fileWalk) walk(dir *durable.Dir, at string, depth int, yield func(walked) bool) (more bool) {
	var names []durable.Name
	for name, err := range dir.Names() {
		if w.names++; err == nil && w.names > mostNames {
			err = fmt.Errorf("more than %d files", mostNames)
		}
		if err != nil {
			return yield(walked{path: at, err: err})
		}
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b durable.Name) int { return strings.Compare(a.Name, b.Name) })
	for _, name := range names {
		if !w.visit(dir, name, at, depth, yield) {
			return false
		}
	}
	return true
}

func (w *fileWalk) visit(dir *durable.Dir, name durable.Name, at string, depth int, yield func(walked) bool) bool {
	place := path.Join(at, name.Name)
	if name.Type == fs.ModeIrregular { // a file system that does not say
		s, err := dir.Stat(name.Name)
		if err != nil {
			return yield(walked{path: place, err: err})
		}
		name.Type = s.Mode.Type()
	}
	switch {
	case name.Type.IsRegular():
		text, _, err := dir.ReadListed(name.Name, certificateLimit)
		if errors.Is(err, durable.ErrTooLarge) { // a log, a database
			return true
		}
		return yield(walked{path: place, text: text, err: err})
	case !name.Type.IsDir(): // what a link leads to is found where it is, or lies outside
		return true
	case depth == mostDepth:
		return yield(walked{path: place, err: fmt.Errorf("more than %d directories deep", mostDepth)})
	}
	below, err := dir.OpenDir(name.Name)
	if err != nil {
		return yield(walked{path: place, err: err})
	}
	defer below.Close()
	return w.walk(below, place, depth+1, yield)
}

// readNamed reads a file that a person named, through a link if it is one.
func readNamed(path string, limit int) ([]byte, error) {
	parent, name, err := openNamed(path)
	if err != nil {
		return nil, err
	}
	defer parent.Close()
	text, _, err := parent.Read(name, limit)
	return text, err
}

// openNamed opens the directory of a file or directory that a person named: a link on a person's own command line is
// followed, no other one.
func openNamed(path string) (parent *durable.Dir, name string, err error) {
	resolved, err := filepath.EvalSymlinks(path)
	if err != nil {
		return nil, "", err
	}
	parent, err = durable.Open(filepath.Dir(resolved))
	return parent, filepath.Base(resolved), err
}

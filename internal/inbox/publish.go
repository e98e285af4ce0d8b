package inbox

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
)

// File is something for the outbox.
type File struct {
	Team, Name string
	Bytes      []byte
}

// Outcome is what became of one file.
type Outcome struct {
	Err     error  // why it is not there: this file's trouble alone, its entry stays; nil: it is there, durably
	Foreign string // what had the name, or the place of its directory, and was not ours; "" for nothing
	Fate    Fate   // what became of that
}

// Ours says whether bytes that lie under a file's name are of this CA.
type Ours func(f File, have []byte) bool

// publishRounds bounds how often a name is cleared for one file: somebody may keep taking it.
const publishRounds = 3

// ownLimit is the largest file, in bytes, that is compared with what was ours: version 1 wrote notices of a megabyte.
const ownLimit = 4 << 20

// Publish makes files appear in the outbox, each whole, all durable when it returns; outcomes are in the files' order.
// An older answer of ours on a name is replaced; anything else there is foreign, whatever it is, and moved out of the
// way. The error is the outbox's own, or its medium's: nothing can be published there now.
func (x *Exchange) Publish(files []File, ours Ours) ([]Outcome, error) {
	p := &publication{Exchange: x, files: files, ours: ours, outcomes: make([]Outcome, len(files))}
	todo := make([]int, len(files))
	for i := range todo {
		todo[i] = i
	}
	for round := 0; round < publishRounds && len(todo) > 0; round++ {
		taken, err := p.write(todo)
		if err != nil {
			return nil, err
		}
		todo = todo[:0]
		for _, i := range taken {
			if p.settle(i) {
				todo = append(todo, i)
			}
		}
	}
	for _, i := range todo {
		p.outcomes[i].Err = fmt.Errorf("publishing %+q: %w again and again", files[i].Name, fs.ErrExist)
	}
	return p.outcomes, nil
}

// publication is one call of Publish.
type publication struct {
	*Exchange
	files    []File
	ours     Ours
	outcomes []Outcome
}

// write writes files as one batch and gives back those whose name, or whose directory, was not free.
func (p *publication) write(todo []int) (taken []int, err error) {
	dirs := map[string]*durable.Dir{}
	defer func() {
		for _, dir := range dirs {
			p.out.close(dir)
		}
	}()
	batch, written := p.out.dir.NewBatch(), make([]int, 0, len(todo))
	for _, i := range todo {
		f := p.files[i]
		if f.Name == HeadFile && len(f.Bytes) > HeadLimit {
			p.outcomes[i].Err = fmt.Errorf("publishing %q: it has %d bytes, at most %d are read",
				f.Name, len(f.Bytes), HeadLimit)
			continue
		}
		dir, ok := dirs[f.Team]
		if !ok {
			if dir, err = p.directory(i); err != nil {
				p.outcomes[i].Err = err
				continue
			}
			dirs[f.Team] = dir
		}
		if f.Name == HeadFile {
			batch.Replace(dir, f.Name, f.Bytes, publicFile)
		} else {
			batch.Create(dir, f.Name, f.Bytes, publicFile)
		}
		written = append(written, i)
	}
	errs, err := batch.Commit()
	if err != nil {
		return nil, err
	}
	for n, err := range errs {
		i := written[n]
		switch team := p.files[i].Team; {
		case err == nil:
		case errors.Is(err, fs.ErrExist), errors.Is(err, unix.EISDIR), team != "" && errors.Is(err, fs.ErrNotExist):
			taken = append(taken, i)
		case team == "" && !ofTheName(err):
			return nil, err
		default:
			p.outcomes[i].Err = err
		}
	}
	return taken, nil
}

// ofTheName says that an error concerns one name of a directory, and not what every other name would meet, too.
func ofTheName(err error) bool {
	failed, ok := errors.AsType[*fs.PathError](err)
	return ok && failed.Op != "create" && failed.Op != "write" && failed.Op != "fsync"
}

// ofTheMedium says that an error is what a medium answers that is full, failing or gone, whatever has the name: our own
// file is not moved aside for it.
func ofTheMedium(err error) bool {
	for _, errno := range []unix.Errno{unix.ENOSPC, unix.EDQUOT, unix.EIO, unix.EROFS, unix.ESTALE} {
		if errors.Is(err, errno) {
			return true
		}
	}
	return false
}

// directory opens a file's directory, or makes it.
func (p *publication) directory(i int) (*durable.Dir, error) {
	team := p.files[i].Team
	dir, err := p.out.open(team)
	if foreign(err) {
		if err := p.clearFor(i, p.out.dir, team); err != nil {
			return nil, err
		}
		err = fs.ErrNotExist
	}
	if errors.Is(err, fs.ErrNotExist) {
		dir, _, err = p.out.dir.MakeDir(team, publicDir, -1)
	}
	return dir, err
}

// settle looks at what has a file's name: our own bytes, an older answer of ours, or something foreign. again says
// that the name is free now.
func (p *publication) settle(i int) (again bool) {
	f, out := p.files[i], &p.outcomes[i]
	dir, err := p.out.open(f.Team)
	if err != nil {
		return true // gone again; write makes it
	}
	defer p.out.close(dir)
	have, _, err := dir.Read(f.Name, max(limitOf(f.Name), len(f.Bytes)))
	switch {
	case err == nil && string(have) == string(f.Bytes):
		// Whoever wrote them may have been killed before they were durable.
		out.Err = dir.SyncFile(f.Name)
		return false
	case err == nil && p.ours != nil && p.ours(f, have):
		out.Err = dir.Replace(f.Name, f.Bytes, publicFile)
		return false
	case errors.Is(err, fs.ErrNotExist):
		return true
	case err != nil && ofTheMedium(err): // it may be ours
		out.Err = err
		return false
	}
	out.Err = p.clearFor(i, dir, f.Name)
	return out.Err == nil
}

// limitOf is the most that a file of ours under a name may have.
func limitOf(name string) int {
	if strings.HasSuffix(strings.TrimSuffix(name, PEMSuffix), CRLSuffix) {
		return crlLimit
	}
	return ownLimit
}

func (p *publication) clearFor(i int, dir *durable.Dir, name string) error {
	fate, err := p.clear(dir, name)
	if fate != Stayed {
		p.outcomes[i].Foreign, p.outcomes[i].Fate = name, fate
	}
	return err
}

// Ensure makes the CA's own files (issuers.pem, ca.crt) have these bytes and says whether it had to. ErrNameTaken is
// this name's trouble, any other error the outbox's.
func (x *Exchange) Ensure(f File) (bool, error) {
	changed, err := x.out.dir.Ensure(f.Name, f.Bytes, publicFile)
	if err == nil || !ofTheName(err) || ofTheMedium(err) {
		return changed, err
	}
	// Not a file, or one that nobody lets us read or replace.
	if _, err := x.clear(x.out.dir, f.Name); err != nil {
		return false, err
	}
	return x.out.dir.Ensure(f.Name, f.Bytes, publicFile)
}

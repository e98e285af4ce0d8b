package inbox

import (
	"errors"
	"fmt"
	"io/fs"
	"time"

	"ca-exchange/internal/durable"
)

// File is something for the outbox.
type File struct {
	Team, Name string
	Bytes      []byte
}

// SweepAge is how old a temporary must be to count as a dead process's: no write takes that long.
const SweepAge = time.Hour

// Publish makes files appear in the outbox, each whole, all durable when it returns. A file with other bytes on a name
// is first moved to rejected/ and reported by moved: the name belongs to the request, so what lies there is not ours.
func (x *Exchange) Publish(files []File, moved func(File)) error {
	todo := files
	for round := 0; len(todo) > 0; round++ {
		if round == 3 {
			return fmt.Errorf("publishing %q: somebody keeps taking the name", todo[0].Name)
		}
		taken, err := x.publish(todo)
		if err != nil {
			return err
		}
		todo = nil
		for _, f := range taken {
			same, err := x.holds(f)
			if err != nil {
				return err
			}
			if same {
				continue
			}
			if err := x.RejectAnswer(f.Team, f.Name); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			moved(f)
			todo = append(todo, f)
		}
	}
	return nil
}

// publish writes one batch and gives back those whose name is taken.
func (x *Exchange) publish(files []File) (taken []File, err error) {
	batch := x.outbox.NewBatch()
	for _, f := range files {
		dir, err := x.side(outboxDir, f.Team, true)
		if err != nil {
			return nil, err
		}
		batch.Create(dir, f.Name, f.Bytes, publicFile)
	}
	errs, err := batch.Commit()
	if err != nil {
		return nil, err
	}
	for i, err := range errs {
		switch {
		case errors.Is(err, fs.ErrExist):
			taken = append(taken, files[i])
		case err != nil:
			return nil, err
		}
	}
	return taken, nil
}

// holds says whether a name has exactly these bytes already, and makes sure of them: whoever wrote them may have been
// killed before they were durable.
func (x *Exchange) holds(f File) (bool, error) {
	c, err := x.ReadAnswer(f.Team, f.Name)
	if err != nil || c.Bytes == nil || string(c.Bytes) != string(f.Bytes) {
		return false, err
	}
	dir, err := x.side(outboxDir, f.Team, false)
	if err != nil {
		return false, err
	}
	return true, dir.SyncFile(f.Name)
}

// Ensure makes the CA's own files (issuers.pem, ca.crt) have these bytes and says whether it had to.
func (x *Exchange) Ensure(f File) (bool, error) { return x.outbox.Ensure(f.Name, f.Bytes, publicFile) }

// ReadAnswer reads a file of the outbox, by the same rules as an entry.
func (x *Exchange) ReadAnswer(team, file string) (Content, error) {
	dir, err := x.side(outboxDir, team, false)
	if errors.Is(err, fs.ErrNotExist) {
		return Content{State: Gone}, nil
	}
	if err != nil {
		return Content{}, err
	}
	return read(dir, file)
}

// Answered says whether an answer of any kind lies under a name.
func (x *Exchange) Answered(team, name string) (bool, error) {
	dir, err := x.side(outboxDir, team, false)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	for _, suffix := range AnswerSuffixes() {
		if _, err := dir.Stat(name + suffix); err == nil {
			return true, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	return false, nil
}

// AnswerSuffixes are what an answer's name may end in: certificate, denial, hold.
func AnswerSuffixes() []string { return []string{CertificateSuffix, DeniedSuffix, HeldSuffix} }

// What an answer's name ends in.
const (
	CertificateSuffix = ".crt"
	DeniedSuffix      = ".denied.json"
	HeldSuffix        = ".held.json"
)

// RemoveAnswer takes a file out of the outbox; one that is not there is no error.
func (x *Exchange) RemoveAnswer(team, file string) error {
	dir, err := x.side(outboxDir, team, false)
	if err == nil {
		err = dir.Remove(file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// SyncOutbox makes removals durable: a medium may be unplugged right after.
func (x *Exchange) SyncOutbox() error { return x.outbox.Sync() }

// Sweep removes temporaries that dead processes left, on both sides as far as it may.
func (x *Exchange) Sweep(now time.Time) error {
	var errs []error
	for _, dir := range []*durable.Dir{x.inbox, x.outbox} {
		if err := dir.Sweep(now, SweepAge); !errors.Is(err, fs.ErrPermission) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

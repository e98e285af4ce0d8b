package inbox

import (
	"errors"
	"io/fs"
)

// What an answer's name ends in.
const (
	CertificateSuffix = ".crt"
	DeniedSuffix      = ".denied.json"
	HeldSuffix        = ".held.json"
)

// AnswerSuffixes are what an answer's name may end in: certificate, denial, hold.
func AnswerSuffixes() []string { return []string{CertificateSuffix, DeniedSuffix, HeldSuffix} }

// HeadFile is the ledger's head as the CA publishes it, beside the answers: Publish always replaces it.
const (
	HeadFile  = "head.json"
	HeadLimit = 4 << 10 // the most it may hold, in bytes
)

// ReadAnswer reads a file of the outbox, by the same rules as an entry: what is wrong with it is its State. The error
// is its team's, whose directory nobody lets us open.
func (x *Exchange) ReadAnswer(team, file string) (Content, error) {
	dir, err := x.out.open(team)
	if noDirectory(err) {
		return Content{State: Gone}, nil
	}
	if err != nil {
		return Content{}, err
	}
	defer x.out.close(dir)
	return content(dir.Read(file, Limit)), nil
}

// ReadHead reads HeadFile by the same rules.
func (x *Exchange) ReadHead() Content { return content(x.out.dir.Read(HeadFile, HeadLimit)) }

// Answered says whether an answer of any kind lies under a name. Where nobody lets us see, it does: the name stays its
// owner's.
func (x *Exchange) Answered(team, name string) bool {
	dir, err := x.out.open(team)
	if err != nil {
		return !noDirectory(err)
	}
	defer x.out.close(dir)
	for _, suffix := range AnswerSuffixes() {
		if _, err := dir.Stat(name + suffix); !errors.Is(err, fs.ErrNotExist) {
			return true
		}
	}
	return false
}

// RemoveAnswer takes a file out of the outbox; one that is not there is no error. A directory in its place is moved
// out of the way. An error is this name's trouble.
func (x *Exchange) RemoveAnswer(team, file string) error {
	dir, err := x.out.open(team)
	if err != nil {
		return absent(err)
	}
	defer x.out.close(dir)
	err = absent(dir.Remove(file))
	if err == nil {
		return nil
	}
	if s, statErr := dir.Stat(file); statErr != nil || !s.Mode.IsDir() {
		return err
	}
	_, err = x.clear(dir, file)
	return err
}

// SyncOutbox makes removals durable: a medium may be unplugged right after.
func (x *Exchange) SyncOutbox() error { return x.out.dir.Sync() }

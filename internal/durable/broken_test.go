package durable_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/durable/durabletest"
)

const old, fresh = "what was there before", "what is to be there now, and is a little longer"

var one, three = []string{"file"}, []string{"file", "file2", "file3"}

// verbs are the ways to make a file, and what may lie under its name when one was interrupted.
var verbs = []struct {
	name   string
	before string // content of the files before; "" for none
	names  []string
	do     func(*durable.Dir) error
}{
	{"Create", "", one, func(d *durable.Dir) error { return d.Create("file", []byte(fresh), 0o600) }},
	{"Replace", old, one, func(d *durable.Dir) error { return d.Replace("file", []byte(fresh), 0o600) }},
	{"Ensure", old, one, func(d *durable.Dir) error { _, err := d.Ensure("file", []byte(fresh), 0o600); return err }},
	{"Batch.Create", "", three, func(d *durable.Dir) error { return commit(d, (*durable.Batch).Create) }},
	{"Batch.Replace", old, three, func(d *durable.Dir) error { return commit(d, (*durable.Batch).Replace) }},
	{"below a new directory", "", one, func(d *durable.Dir) error {
		dir, _, err := d.MakeDir("made", 0o700, -1)
		if err != nil {
			return err
		}
		defer dir.Close()
		if _, err = dir.Ensure("file", []byte(fresh), 0o600); err != nil {
			return err
		}
		return d.Create("file", []byte(fresh), 0o600)
	}},
}

// commit writes a batch of three.
func commit(d *durable.Dir, add func(*durable.Batch, *durable.Dir, string, []byte, fs.FileMode)) error {
	b := d.NewBatch()
	for _, name := range three {
		add(b, d, name, []byte(fresh), 0o600)
	}
	errs, err := b.Commit()
	return errors.Join(append(errs, err)...)
}

// room is a directory with what was there before.
func room(t *testing.T, before string, names []string) string {
	t.Helper()
	dir := t.TempDir()
	if before != "" {
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(before), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

// whole says what is wrong with what lies there: each file under its own name is the old or the new one, never a part.
func whole(dir, before string, done bool) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() || durable.IsTemporary(e.Name()) {
			return err
		}
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if s := string(content); s != fresh && (s != before || before == "" || done) {
			return fmt.Errorf("%s holds %q", e.Name(), s)
		}
		return nil
	})
}

// swept says what temporaries are left after Sweep, once they are old.
func swept(t *testing.T, dir string) {
	t.Helper()
	d, err := durable.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if err := d.Sweep(time.Now().Add(time.Hour), time.Minute); err != nil {
		t.Fatal(err)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if durable.IsTemporary(e.Name()) {
			t.Errorf("%s is left", e.Name())
		}
	}
}

// errnos are the errors that a call fails with: in the short form of the tests one of them.
func errnos() []unix.Errno {
	all := []unix.Errno{unix.EIO, unix.ENOSPC, unix.EROFS, unix.EDQUOT, unix.ESTALE}
	if testing.Short() {
		return all[:1]
	}
	return all
}

// TestFailing fails every call of every verb, before and after it was carried out: nothing partial is ever seen under
// the name, and the verb done again does all of it.
func TestFailing(t *testing.T) {
	for _, v := range verbs {
		t.Run(v.name, func(t *testing.T) {
			for n := 1; ; n++ {
				reached := false
				for _, late := range []bool{false, true} {
					for _, errno := range errnos() {
						dir := room(t, v.before, v.names)
						f := &durabletest.Failing{System: durable.Kernel{}, At: n, Err: errno, Late: late}
						f.After = func() {
							if err := whole(dir, v.before, false); err != nil {
								t.Errorf("call %d, %v: in between, %v", n, errno, err)
							}
						}
						err := attempt(f, dir, v.do)
						reached = reached || f.Failed()
						if err := whole(dir, v.before, err == nil); err != nil {
							t.Errorf("call %d, %v, late %t: %v", n, errno, late, err)
						}
						again(t, dir, v.do)
						if err := whole(dir, v.before, true); err != nil {
							t.Errorf("call %d, %v, late %t: done again: %v", n, errno, late, err)
						}
						swept(t, dir)
					}
				}
				if !reached {
					if n < 8 {
						t.Errorf("only %d calls", n)
					}
					return
				}
			}
		})
	}
}

// TestCrashing cuts the power at every change of every verb, losing more or less: what the verb said is done stays
// done, and nothing partial is there.
func TestCrashing(t *testing.T) {
	for _, v := range verbs {
		t.Run(v.name, func(t *testing.T) {
			for n := 1; ; n++ {
				reached := false
				for _, loss := range []durabletest.Loss{durabletest.Nothing, durabletest.Contents, durabletest.All} {
					dir := room(t, v.before, v.names)
					c := &durabletest.Crashing{System: durable.Kernel{}, At: n}
					err := attempt(c, dir, v.do)
					reached = reached || c.Crashed()
					if err := c.PowerCut(loss); err != nil {
						t.Fatal(err)
					}
					if err := whole(dir, v.before, err == nil); err != nil {
						t.Errorf("change %d, loss %d: %v", n, loss, err)
					}
					if _, statErr := os.Stat(filepath.Join(dir, "file")); err == nil && statErr != nil {
						t.Errorf("change %d, loss %d: it was done, and is not there: %v", n, loss, statErr)
					}
					again(t, dir, v.do)
					swept(t, dir)
				}
				if !reached {
					return
				}
			}
		})
	}
}

func attempt(s durable.System, dir string, do func(*durable.Dir) error) error {
	back := durable.Swap(s)
	d, err := durable.Open(dir)
	back()
	if err != nil {
		return err
	}
	defer d.Close()
	return do(d)
}

// again does a verb on a system that works; a file of Create may be there whole by now.
func again(t *testing.T, dir string, do func(*durable.Dir) error) {
	t.Helper()
	if err := attempt(durable.Kernel{}, dir, do); err != nil && !errors.Is(err, fs.ErrExist) {
		t.Errorf("done again: %v", err)
	}
}

// TestFakesBreak: the fakes do what they say, or the tests above prove nothing: without an fsync the contents and then
// the name are lost, and a failing write that is late leaves half.
func TestFakesBreak(t *testing.T) {
	dir := t.TempDir()
	c := &durabletest.Crashing{System: durable.Kernel{}}
	fd, err := c.Open(durable.AtWorkingDirectory, filepath.Join(dir, "file"), unix.O_CREAT|unix.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Write(fd, []byte(fresh)); err != nil {
		t.Fatal(err)
	}
	c.Close(fd)
	for _, step := range []struct {
		loss durabletest.Loss
		want string
	}{{durabletest.Nothing, fresh}, {durabletest.Contents, ""}, {durabletest.All, "no such file"}} {
		if err := c.PowerCut(step.loss); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, "file"))
		if got := string(b); err == nil && got != step.want || err != nil && !strings.Contains(err.Error(), step.want) {
			t.Errorf("loss %d: %q, %v", step.loss, got, err)
		}
	}
	f := &durabletest.Failing{System: durable.Kernel{}, At: 2, Err: unix.EIO, Late: true}
	half := filepath.Join(dir, "half")
	if fd, err = f.Open(durable.AtWorkingDirectory, half, unix.O_CREAT|unix.O_WRONLY, 0o600); err != nil {
		t.Fatal(err)
	}
	defer f.Close(fd)
	if _, err := f.Write(fd, []byte(fresh)); !errors.Is(err, unix.EIO) {
		t.Errorf("the second call: %v", err)
	}
	if b, _ := os.ReadFile(half); string(b) != fresh[:len(fresh)/2] {
		t.Errorf("half a write left %q", b)
	}
}

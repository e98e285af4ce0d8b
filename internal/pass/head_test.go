package pass

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
)

// copyOf copies a CA directory as a backup does.
func copyOf(t *testing.T, c *ca.CA) (copied string) {
	t.Helper()
	copied = filepath.Join(t.TempDir(), "copy")
	shell(t, "cp", "-a", c.Dir().Path(), copied)
	return copied
}

func shell(t *testing.T, args ...string) {
	t.Helper()
	if out, err := exec.Command(args[0], args[1:]...).CombinedOutput(); err != nil {
		t.Fatalf("%q: %v\n%s", args, err, out)
	}
}

// opened opens a CA directory, ready to sign.
func opened(t *testing.T, path string, s ca.Settings) *ca.CA {
	t.Helper()
	c, err := ca.Open(path, s)
	if err == nil {
		err = c.Unlock()
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// putBack puts a copy in the place of a CA directory.
func putBack(t *testing.T, c *ca.CA, copied string) *ca.CA {
	t.Helper()
	path := c.Dir().Path()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	shell(t, "rm", "-rf", path)
	shell(t, "cp", "-a", copied, path)
	return opened(t, path, c.Settings)
}

func headPath(x *inbox.Exchange) string { return filepath.Join(x.Path(), "outbox", inbox.HeadFile) }

// headOf reads what the outbox says.
func headOf(t *testing.T, x *inbox.Exchange) string {
	t.Helper()
	text, err := os.ReadFile(headPath(x))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// presents is the head that a CA would publish now.
func presents(t *testing.T, c *ca.CA) string {
	t.Helper()
	text, _, err := c.PresentHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// stops holds that a CA signs and publishes nothing on an exchange.
func stops(t *testing.T, c *ca.CA, x *inbox.Exchange) {
	t.Helper()
	before, head := outboxNames(t, x), headOf(t, x)
	if err := dropFast(x, "stopped", requests(t, 1)[0]); err != nil {
		t.Fatal(err)
	}
	again, err := MakeExchange(c, x.Path(), 0) // repairs the exchange, and leaves the head to the pass
	if err == nil {
		err = again.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	for what, err := range map[string]error{
		"sync":    second(Sync(t.Context(), c, x, Options{})),
		"publish": Publish(t.Context(), c, x),
		"repair":  third(Repair(t.Context(), c, x)),
		"check":   CheckHead(t.Context(), c, x),
	} {
		if !errors.Is(err, ca.ErrBehind) {
			t.Errorf("%s: %v, expected ErrBehind", what, err)
		}
	}
	holds(t, x, before...)
	if headOf(t, x) != head {
		t.Error("the head was replaced")
	}
	if err := os.Remove(filepath.Join(x.Path(), "inbox", "stopped.csr")); err != nil {
		t.Error(err)
	}
}

func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }

// TestOldLedgerIsNoticed: an old copy of a CA directory that is put back signs nothing on an exchange that knows
// better.
func TestOldLedgerIsNoticed(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	next(t, c, x, requests(t, 1)[0])
	copied := copyOf(t, c)
	next(t, c, x, requests(t, 1)[0])
	if headOf(t, x) != presents(t, c) {
		t.Errorf("the outbox says %s, the ledger %s", headOf(t, x), presents(t, c))
	}
	c = putBack(t, c, copied)
	stops(t, c, x)
	ctx, stop := context.WithTimeout(t.Context(), 5*time.Second)
	defer stop()
	at := []Sides{{Inbox: x.Path(), Outbox: x.Path()}}
	if err := Watch(ctx, c, WatchOptions{Exchanges: at, Poll: time.Minute}); !errors.Is(err, ca.ErrBehind) {
		t.Errorf("watch: %v, expected ErrBehind", err)
	}
}

// TestCopiedCAIsNoticed: of two copies of a CA directory on one exchange, the one that comes second is stopped; also
// where its ledger is the longer one.
func TestCopiedCAIsNoticed(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	next(t, c, x, requests(t, 1)[0])
	twin := opened(t, copyOf(t, c), c.Settings)
	for range 3 {
		if err := twin.AcceptClock(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	next(t, c, x, requests(t, 1)[0])
	stops(t, twin, x)
	next(t, c, x, requests(t, 1)[0]) // the first one goes on
}

// TestHeadsOfOthersStopNothing: whoever lacks the secret stops nobody, whatever lies on the head's name. It is reported
// once, and the next batch puts the head back. An old head of our own is no harm either.
func TestHeadsOfOthersStopNothing(t *testing.T) {
	t.Parallel()
	log := &remembered{}
	c, x := makeCA(t, pki.ECDSAP256, slog.New(slog.NewTextHandler(log, nil)))
	t.Cleanup(func() { x.Close(); c.Close() })
	if err := c.Unlock(); err != nil {
		t.Fatal(err)
	}
	next(t, c, x, requests(t, 1)[0])
	old := headOf(t, x)
	other, elsewhere := fixture(t, pki.ECDSAP256)
	next(t, other, elsewhere, requests(t, 1)[0])
	path := headPath(x)
	write := func(text string) func() error {
		return func() error { return os.WriteFile(path, []byte(text), 0o644) }
	}
	for _, test := range []struct {
		name     string
		put      func() error
		warnings int
	}{
		{"an old one", write(old), 0},
		{"another CA's", write(headOf(t, elsewhere)), 1},
		{"forged", write(`{"apiVersion":"ca-exchange/v1","kind":"Head","sequence":99999,"mac":"00"}`), 1},
		{"junk", write("junk"), 1},
		{"far too large", write(string(make([]byte, 1<<20))), 1},
		{"none", func() error { return nil }, 1},
		{"a directory", func() error { return os.Mkdir(path, 0o755) }, 1},
		{"a link", func() error { return os.Symlink("/etc/passwd", path) }, 1},
		{"a FIFO", func() error { return exec.Command("mkfifo", path).Run() }, 1},
	} {
		before := log.count("outbox/head.json")
		if err := errors.Join(os.RemoveAll(path), test.put()); err != nil {
			t.Fatal(err)
		}
		m := newMemory()
		for range 2 {
			if sum := passOver(t, c, x, m); sum.Answered() != 0 {
				t.Errorf("%s: %+v", test.name, sum)
			}
		}
		if said := log.count("outbox/head.json") - before; said != test.warnings {
			t.Errorf("%s: %d warnings, expected %d", test.name, said, test.warnings)
		}
		next(t, c, x, requests(t, 1)[0])
		if headOf(t, x) != presents(t, c) {
			t.Errorf("%s: the head is not put back", test.name)
		}
	}
}

// TestHeadOnlyWhereChanged: what only repeats an answer writes no head.
func TestHeadOnlyWhereChanged(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	entry := requests(t, 1)[0]
	next(t, c, x, entry)
	before, err := os.Stat(headPath(x))
	if err != nil {
		t.Fatal(err)
	}
	next(t, c, x, entry)
	if after, err := os.Stat(headPath(x)); err != nil || !os.SameFile(before, after) {
		t.Errorf("the head was written again: %v", err)
	}
}

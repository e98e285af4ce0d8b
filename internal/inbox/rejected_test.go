package inbox

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func TestReject(t *testing.T) {
	x := newExchange(t)
	long := strings.Repeat("n", 250) + " .csr" // with a suffix it would be longer than a name may be
	for _, file := range []string{"bad name.csr", long} {
		for _, content := range []string{"first", "second"} {
			x.put("inbox/"+file, content)
			e := x.entry("", file)
			if e.Legal {
				t.Errorf("%q is legal", file)
			}
			if fate, err := x.Reject(e); fate != Moved || err != nil {
				t.Errorf("%q: %v, %v", file, fate, err)
			}
		}
	}
	if fate, err := x.Reject(Entry{File: "gone.csr"}); fate != Stayed || err != nil {
		t.Errorf("what is gone: %v, %v", fate, err)
	}
	if fate, err := x.Reject(Entry{Team: "gone", File: "gone.csr"}); fate != Stayed || err != nil {
		t.Errorf("what is gone with its team: %v, %v", fate, err)
	}
	x.lies(x.inbox, nil)
	x.lies(x.rejected, map[string]string{
		"bad name.csr": "first", "bad name.csr.????????": "second", long: "first", long[:100] + ".????????": "second",
	})
}

// fillRejected leaves room for so many more files.
func (x *exchange) fillRejected(room int) {
	x.put("rejected/0", "")
	for i := 1; i < rejectedLimit-room; i++ {
		must(x.t, os.Link(filepath.Join(x.rejected, "0"), filepath.Join(x.rejected, fmt.Sprint(i))))
	}
}

// TestRejectFull: the 1,000th file is taken, the next one stays where it is until somebody makes room.
func TestRejectFull(t *testing.T) {
	x := newExchange(t)
	x.fillRejected(1)
	x.put("inbox/a b.csr", "a")
	x.put("inbox/c d.csr", "c")
	if fate, err := x.Reject(x.entry("", "a b.csr")); fate != Moved || err != nil {
		t.Errorf("the last one: %v, %v", fate, err)
	}
	last := x.entry("", "c d.csr")
	fate, err := x.Reject(last)
	const want = "rejected/ takes no more files: it holds 1000, the most it may; remove those that were looked at"
	if fate != Stayed || !errors.Is(err, ErrRejectedFull) || err.Error() != want {
		t.Errorf("one too many: %v, %v", fate, err)
	}
	x.lies(x.inbox, map[string]string{"c d.csr": "c"})
	must(t, os.Remove(filepath.Join(x.rejected, "0")))
	if _, err := x.Recover(time.Now()); err != nil {
		t.Fatal(err)
	}
	if fate, err := x.Reject(last); fate != Moved || err != nil {
		t.Errorf("after room was made: %v, %v", fate, err)
	}
}

// TestRejectedIsOneDirectory: what is moved from either side counts against one bound.
func TestRejectedIsOneDirectory(t *testing.T) {
	x := newExchange(t)
	x.fillRejected(2)
	x.put("inbox/a b.csr", "a")
	x.put("inbox/c d.csr", "c")
	x.put("outbox/n.crt", "foreign")
	if fate, err := x.Reject(x.entry("", "a b.csr")); fate != Moved || err != nil {
		t.Fatal(fate, err)
	}
	if out, err := x.Publish([]File{{Name: "n.crt", Bytes: []byte("right")}}, nil); err != nil || out[0].Fate != Moved {
		t.Fatal(out, err)
	}
	if _, err := x.Reject(x.entry("", "c d.csr")); !errors.Is(err, ErrRejectedFull) {
		t.Errorf("beyond the bound: %v", err)
	}
}

func TestRejectWithoutRejected(t *testing.T) {
	for what, swap := range map[string]func(string) error{
		"missing": func(string) error { return nil }, "a link": litter["a link"], "a FIFO": litter["a FIFO"],
	} {
		x := newExchange(t)
		x.put("inbox/a b.csr", "a")
		must(t, os.Remove(x.rejected))
		must(t, swap(x.rejected))
		if fate, err := x.Reject(x.entry("", "a b.csr")); fate != Stayed || !errors.Is(err, ErrReadOnly) {
			t.Errorf("rejected/ is %s: %v, %v, want ErrReadOnly", what, fate, err)
		}
		x.lies(x.inbox, map[string]string{"a b.csr": "a"})
	}
}

func holdsKey(b []byte) bool { return bytes.Contains(b, []byte("PRIVATE KEY")) }

// TestKeysAreNotMoved: a private key in what is moved aside unread is unlinked, under any name, on either side.
func TestKeysAreNotMoved(t *testing.T) {
	const key = "-----BEGIN PRIVATE KEY-----\n"
	bundle := strings.Repeat("y\n", Limit) + key + strings.Repeat("y\n", Limit)
	x := newExchange(t)
	x.HoldsKey = holdsKey
	for file, content := range map[string]string{"my server.csr": whole + key, "bundle.csr": bundle} {
		x.put("inbox/"+file, content)
		if fate, err := x.Reject(x.entry("", file)); fate != Wiped || err != nil {
			t.Errorf("%s: %v, %v, want Wiped", file, fate, err)
		}
	}
	for name, content := range map[string]string{"n.crt": key, "team": key, "issuers.pem": bundle} {
		x.put("outbox/"+name, content)
	}
	out, err := x.Publish([]File{certificate("1"), {Team: "team", Name: "n.crt", Bytes: []byte("2")}}, nil)
	if err != nil || out[0] != (Outcome{nil, "n.crt", Wiped}) || out[1] != (Outcome{nil, "team", Wiped}) {
		t.Errorf("publishing: %+v, %v", out, err)
	}
	x.lies(x.inbox, nil)
	x.lies(x.rejected, nil)
	x.lies(x.outbox, map[string]string{"n.crt": "1", "team": "d---------", "team/n.crt": "2", "issuers.pem": bundle})
}

// TestKeySearchIsBounded: an entry of 8 GB is looked into, but not read; without a detector nothing is looked into.
func TestKeySearchIsBounded(t *testing.T) {
	x := newExchange(t)
	longest := 0
	x.HoldsKey = func(b []byte) bool { longest = max(longest, len(b)); return false }
	x.put("inbox/sparse file.csr", "")
	must(t, os.Truncate(filepath.Join(x.inbox, "sparse file.csr"), 8<<30))
	if fate, err := x.Reject(x.entry("", "sparse file.csr")); fate != Moved || err != nil || longest != keySearch {
		t.Errorf("%v, %v, looked at %d bytes, want Moved and %d", fate, err, longest, keySearch)
	}
	x.HoldsKey = nil
	x.put("inbox/a b.csr", "PRIVATE KEY")
	if fate, err := x.Reject(x.entry("", "a b.csr")); fate != Moved || err != nil {
		t.Errorf("without a detector: %v, %v", fate, err)
	}
}

// TestAnotherEntryIsNotWiped: the file with the key is replaced by a good entry between the look and the removal.
func TestAnotherEntryIsNotWiped(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	x.HoldsKey = holdsKey
	x.put("inbox/a b.csr", "PRIVATE KEY")
	e := x.entry("", "a b.csr")
	system.hook = func(op, name string) error {
		if op == "rename" && name == "a b.csr" {
			x.put("inbox/new", "a good entry")
			return os.Rename(filepath.Join(x.inbox, "new"), filepath.Join(x.inbox, name))
		}
		return nil
	}
	if fate, err := x.Reject(e); fate != Stayed || err != nil {
		t.Errorf("%v, %v, want Stayed", fate, err)
	}
	x.lies(x.inbox, map[string]string{"a b.csr": "a good entry"})
}

// TestWipingThatFails: the key stays, and the caller hears of it.
func TestWipingThatFails(t *testing.T) {
	system := &hooked{}
	x := newExchange(t, system)
	x.HoldsKey = holdsKey
	x.put("inbox/a b.csr", "PRIVATE KEY")
	e := x.entry("", "a b.csr")
	system.hook = func(op, _ string) error {
		if op == "remove" {
			return unix.EIO
		}
		return nil
	}
	const want = `removing "a b.csr": input/output error`
	if fate, err := x.Reject(e); fate != Stayed || err == nil || err.Error() != want {
		t.Errorf("%v, %v", fate, err)
	}
	x.lies(x.inbox, map[string]string{"a b.csr": "PRIVATE KEY"})
	x.lies(x.rejected, nil)
}

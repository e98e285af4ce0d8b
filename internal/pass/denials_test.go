package pass

import (
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"
)

// TestDenialsAreBounded: a flood of junk gets a thousand notices a day, and a thousand are in the outbox at a time; the
// oldest go. What was decided stays recorded, and verify agrees.
func TestDenialsAreBounded(t *testing.T) {
	long(t)
	t.Parallel()
	c, x := closed(t, slog.New(slog.DiscardHandler))
	junk := func(day int) {
		t.Helper()
		for i := range denialsPerDay + 20 {
			entry := fmt.Sprintf("-----BEGIN CERTIFICATE REQUEST-----\n%04d\n-----END CERTIFICATE REQUEST-----\n",
				5000*day+i)
			if err := dropFast(x, fmt.Sprintf("junk%d-%d", day, i), []byte(entry)); err != nil {
				t.Fatal(err)
			}
		}
	}
	notices := func() int {
		t.Helper()
		files, err := filepath.Glob(filepath.Join(x.Path(), "outbox", "*.denied.json"))
		if err != nil {
			t.Fatal(err)
		}
		return len(files)
	}
	now := time.Now()
	c.Now = func() time.Time { return now }
	m := newMemory()
	junk(0)
	if sum := passOver(t, c, x, m); sum.Denied != denialsPerDay || sum.Left != 20 {
		t.Errorf("the first day: %+v", sum)
	}
	now = now.Add(25 * time.Hour)
	junk(1)
	passOver(t, c, x, m)
	if n := notices(); n != denialNotices {
		t.Errorf("%d notices are in the outbox, expected %d", n, denialNotices)
	}
	if n, err := c.Ledger().Denials(t.Context()); err != nil || n < 2*denialsPerDay-20 {
		t.Errorf("%d denials are recorded, %v", n, err)
	}
	if err := c.Ledger().Verify(t.Context(), 0, ""); err != nil {
		t.Error(err)
	}
}

// TestCopiesAreBounded: one request has at most sixteen names; a name it has already is served for ever.
func TestCopiesAreBounded(t *testing.T) {
	c, x := fixture(t, "ECDSA-P256")
	entry := requests(t, 1)[0]
	for i := range addressLimit + 5 {
		if err := dropFast(x, fmt.Sprintf("copy%02d", i), entry); err != nil {
			t.Fatal(err)
		}
	}
	sum, err := Sync(t.Context(), c, x, Options{})
	if err != nil || sum.Issued != 1 || sum.Repeated != addressLimit-1 || sum.Left == 0 {
		t.Errorf("%+v, %v", sum, err)
	}
	if err := dropFast(x, "copy00", entry); err != nil {
		t.Fatal(err)
	}
	answered, err := Sync(t.Context(), c, x, Options{})
	if err != nil || answered.Repeated > 1 {
		t.Errorf("again: %+v, %v", answered, err)
	}
}

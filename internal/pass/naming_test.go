package pass

import (
	"log/slog"
	"path/filepath"
	"slices"
	"testing"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/request"
)

// next drops an entry called server.csr and answers it.
func next(t *testing.T, c *ca.CA, x *inbox.Exchange, entry []byte) {
	t.Helper()
	if err := dropFast(x, "server", entry); err != nil {
		t.Fatal(err)
	}
	if _, err := Sync(t.Context(), c, x, Options{}); err != nil {
		t.Fatal(err)
	}
}

// outboxNames are the answers in the outbox, the issuers' files left out.
func outboxNames(t *testing.T, x *inbox.Exchange) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(x.Path(), "outbox", "server*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, filepath.Base(f))
	}
	return names
}

func pending(t *testing.T, c *ca.CA) (all []pki.ID) {
	t.Helper()
	for r, err := range c.Ledger().Pending(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r.ID)
	}
	return all
}

func idOf(t *testing.T, entry []byte) pki.ID {
	t.Helper()
	r, found := request.Parse(entry, nil)
	if r == nil {
		t.Fatal(found)
	}
	return r.ID
}

func holds(t *testing.T, x *inbox.Exchange, want ...string) {
	t.Helper()
	slices.Sort(want)
	if got := outboxNames(t, x); !slices.Equal(got, want) {
		t.Errorf("the outbox holds %q, expected %q", got, want)
	}
}

// TestCorrectedRequest: where unsigned requests are issued, the corrected server.csr gets server.crt, the held one
// leaves what is pending, and no file of our own raises an alarm.
func TestCorrectedRequest(t *testing.T) {
	log := &remembered{}
	c, x := makeCA(t, pki.ECDSAP256, slog.New(slog.NewTextHandler(log, nil)))
	defer func() { x.Close(); c.Close() }()
	if err := c.Unlock(); err != nil {
		t.Fatal(err)
	}
	wrong, right := clientRequest(t, 1), requests(t, 1)[0]
	next(t, c, x, wrong)
	holds(t, x, "server.held.json")
	next(t, c, x, right)
	holds(t, x, "server.crt", "server."+idOf(t, wrong).Short()+".held.json")
	if all := pending(t, c); len(all) != 0 {
		t.Errorf("pending %v", all)
	}
	// Next year's takes the name from last year's.
	again := requests(t, 1)[0]
	next(t, c, x, again)
	holds(t, x, "server.crt", "server."+idOf(t, wrong).Short()+".held.json", "server."+idOf(t, right).Short()+".crt")
	// Garbage displaces nothing.
	next(t, c, x, []byte("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n"))
	if n := len(outboxNames(t, x)); n != 4 {
		t.Errorf("after garbage %q", outboxNames(t, x))
	}
	if n := log.count("foreign"); n != 0 {
		t.Errorf("%d alarms about our own files", n)
	}
}

// TestNameOfAnother: where a person decides, a newer request takes the name of a notice, not of a certificate; what was
// held before it stays pending.
func TestNameOfAnother(t *testing.T) {
	c, x := closed(t, slog.New(slog.DiscardHandler))
	all := requests(t, 3)
	next(t, c, x, all[0])
	next(t, c, x, all[1])
	holds(t, x, "server.held.json", "server."+idOf(t, all[0]).Short()+".held.json")
	if n := len(pending(t, c)); n != 2 {
		t.Errorf("%d are pending, expected both", n)
	}
	approve(t, c, idOf(t, all[1]))
	next(t, c, x, all[2])
	holds(t, x, "server.crt", "server."+idOf(t, all[0]).Short()+".held.json", "server."+idOf(t, all[2]).Short()+
		".held.json")
	// The person who approves the newest says that it takes the name.
	approve(t, c, idOf(t, all[2]))
	if err := Publish(t.Context(), c, x); err != nil {
		t.Fatal(err)
	}
	// The second was asked to look under its longer name.
	holds(t, x, "server.crt", "server."+idOf(t, all[0]).Short()+".held.json",
		"server."+idOf(t, all[1]).Short()+".crt", "server."+idOf(t, all[2]).Short()+".crt")
	if r := known(t, c, idOf(t, all[0])); r.Status != ledger.Held {
		t.Errorf("the first is %s", r.Status)
	}
}

func approve(t *testing.T, c *ca.CA, id pki.ID) {
	t.Helper()
	p, err := c.Propose(t.Context(), id, policy.Override{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Approve(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

func known(t *testing.T, c *ca.CA, id pki.ID) ledger.Request {
	t.Helper()
	all, err := c.Ledger().Lookup(t.Context(), []pki.ID{id})
	if err != nil {
		t.Fatal(err)
	}
	return all[id]
}

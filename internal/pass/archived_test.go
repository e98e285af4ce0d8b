package pass

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// TestArchivedYields: a name whose certificate is archived goes to its successor, nothing is owed for the archived one,
// and repairs leave it out.
func TestArchivedYields(t *testing.T) {
	c, x := fixture(t, pki.ECDSAP256)
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	entry := func(names ...string) []byte {
		csr, err := request.Create(key, names[0], nil, pki.Names{DNS: names})
		if err != nil {
			t.Fatal(err)
		}
		return request.Encode(nil, csr)
	}
	next(t, c, x, entry("a.example"))
	archive := filepath.Join(t.TempDir(), "archive")
	if _, err := c.Ledger().Archive(t.Context(), archive, c.Now().Add(100*365*24*time.Hour), c.Now()); err != nil {
		t.Fatal(err)
	}
	next(t, c, x, entry("a.example", "b.example"))
	next(t, c, x, entry("a.example", "c.example"))
	for a, err := range c.Ledger().Owed(t.Context(), x.ID) {
		t.Errorf("owed: %+v, %v", a, err)
	}
	if restored, all, err := Repair(t.Context(), c, x); restored != 0 || all != 3 || err != nil {
		t.Errorf("repaired %d of %d, %v", restored, all, err)
	}
	if names := outboxNames(t, x); len(names) != 2 || !slices.Contains(names, "server.crt") {
		t.Errorf("in the outbox: %q", names)
	}
}

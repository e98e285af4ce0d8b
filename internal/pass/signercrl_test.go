package pass

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// TestCRLByAgent: a CRL that an agent does not sign, because it is away or the CRL is too long for it, is owed and
// said; requests are served all the same.
func TestCRLByAgent(t *testing.T) {
	t.Parallel()
	log := &remembered{}
	c, x, a, later := attached(t, log)
	file := filepath.Join(c.Dir().Path(), "policy.yaml")
	text, err := os.ReadFile(file)
	if err == nil {
		err = os.WriteFile(file, append(text, "\ncrl: {issuers: [ca]}\n"...), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	a.Stop()
	drop(t, x, "s", 2)
	if err := dropFast(x, "client", clientRequest(t, 1)); err != nil {
		t.Fatal(err)
	}
	m := newMemory()
	if sum := passOver(t, c, x, m); sum.CRLsOwed != 1 || sum.Left != 2 || sum.Held != 1 {
		t.Errorf("without the agent: %+v", sum)
	}
	if log.count("the CRL of issuer ca is owed") != 1 {
		t.Errorf("it is not said: %q", log.lines)
	}
	a.Start()
	later.Add(int64(2 * time.Minute))
	if sum := passOver(t, c, x, m); sum.CRLsOwed != 0 || sum.Issued != 2 {
		t.Errorf("with the agent: %+v", sum)
	}
	raw, err := os.ReadFile(filepath.Join(x.Path(), "outbox", "ca.crl"))
	if err == nil {
		_, err = c.Trust().Authorities[0].VerifyCRL(raw, nil, c.Now())
	}
	if err != nil {
		t.Error(err)
	}
	revokeMany(t, c, 6500)
	later.Add(int64(2 * time.Minute))
	drop(t, x, "sl", 1)
	if sum := passOver(t, c, x, m); sum.CRLsOwed != 1 || sum.Issued != 1 {
		t.Errorf("with a CRL that is too long: %+v", sum)
	}
	if log.count("too long for an ssh-agent; a signer program takes more (exec)") != 1 {
		t.Errorf("it is not said: %q", log.lines)
	}
}

// revokeMany revokes serials that the ledger never saw, each of as many bytes as ours have.
func revokeMany(t *testing.T, c *ca.CA, n int) {
	t.Helper()
	targets := make([]ledger.Target, n)
	first, err := c.Unseen("ca", fmt.Sprintf("%034x", 1))
	for i := range targets {
		targets[i] = first
		targets[i].Serial = fmt.Sprintf("40%032x", i)
	}
	if err == nil {
		err = c.Revoke(t.Context(), ca.Revoking{Unseen: targets, Reason: pki.Superseded})
	}
	if err != nil {
		t.Fatal(err)
	}
}

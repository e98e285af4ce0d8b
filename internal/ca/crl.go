package ca

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// crlDir has the last CRL of each issuer: NAME.crl, in DER.
const crlDir = "crl"

// crlAttempts is how often a CRL is made anew because somebody revoked or signed meanwhile.
const crlAttempts = 5

// The standard library makes a tree of a long list before it writes it: most of what it allocates is garbage at once.
// Collecting it while the heap is near longCRLHeap takes a third less memory, for hardly more CPU.
const (
	longCRL     = 10_000
	longCRLHeap = 120 << 20
)

// crlSweep is the age after which a CRL that never got its name is removed.
const crlSweep = 10 * time.Minute

// CRL is how an issuer's CRL stands.
type CRL struct {
	pki.Authority
	ledger.CRLState
	Due  time.Time // when the next one is to be signed; zero: never, since the issuer has ended
	Late bool      // it is due now
}

// crlMemory keeps what the ledger was asked for as long as nothing changes: a watch looks at each pass.
type crlMemory struct {
	signing sync.Mutex // one at a time: the others of this process wait instead of being in conflict

	mu    sync.Mutex
	known bool
	marks [2]int64
	rules string // their digest
	all   []CRL
}

// CRLs are the CRLs that this CA keeps, in the trust's order: of the policy's issuers, and of those that ever revoked a
// certificate or signed a CRL. A list that once was published is never left to lapse.
func (c *CA) CRLs(ctx context.Context) ([]CRL, error) {
	rules, err := c.Rules()
	if rules == nil {
		return nil, err
	}
	marks, err := c.ledger.CRLMarks(ctx)
	if err != nil {
		return nil, err
	}
	c.crls.mu.Lock()
	defer c.crls.mu.Unlock()
	if !c.crls.known || c.crls.marks != marks || c.crls.rules != rules.Digest {
		if c.crls.all, err = c.readCRLs(ctx, rules); err != nil {
			return nil, err
		}
		c.crls.known, c.crls.marks, c.crls.rules = true, marks, rules.Digest
	}
	all := make([]CRL, len(c.crls.all))
	for i, crl := range c.crls.all {
		crl.Late = !crl.Due.IsZero() && !c.Now().Before(crl.Due)
		all[i] = crl
	}
	return all, nil
}

func (c *CA) readCRLs(ctx context.Context, rules *Rules) (all []CRL, err error) {
	wanted := map[string]bool{}
	for _, name := range rules.Policy.Config().CRL.Issuers {
		if a, ok := c.Trust().Authority(name); ok {
			wanted[a.Name] = true
		}
	}
	for _, a := range c.Trust().Authorities {
		state, err := c.ledger.CRLState(ctx, a.Certificate)
		if err != nil {
			return nil, fmt.Errorf("reading the CRLs of issuer %q: %w", a.Name, err)
		}
		if !wanted[a.Name] && !state.Signed() && state.Revocations == 0 {
			continue
		}
		all = append(all, CRL{Authority: a, CRLState: state, Due: dueCRL(a, state, c.Now())})
	}
	return all, nil
}

// dueCRL is when an issuer's next CRL is due: at once where a revocation is owed, else at half of the last one's time.
func dueCRL(a pki.Authority, s ledger.CRLState, now time.Time) time.Time {
	switch {
	case now.After(a.Certificate.NotAfter):
		return time.Time{} // nobody verifies against it any more
	case s.Owed, !s.Signed():
		return time.Unix(0, 0).UTC()
	}
	return s.Last.ThisUpdate.Add(s.Last.NextUpdate.Sub(s.Last.ThisUpdate) / 2)
}

// SignCRL signs an issuer's next CRL and keeps it in the CA directory; days are for how many it is good. The order:
//
//  1. The CRL is signed and read back as a host would read it.
//  2. It is written to a file that its hash names, durably.
//  3. One ledger transaction: its row with the hash, and the event CRLSigned. Where somebody revoked or signed
//     meanwhile, all of it begins again: this CRL would take back a revocation.
//  4. The file gets its name, NAME.crl.
//
// Killed before 3, the CRL is unknown, and the next one is signed. Killed after it, the hash in the row finds the file.
// Publishing it is package pass's.
func (c *CA) SignCRL(ctx context.Context, name string, days int) (crl ledger.CRL, err error) {
	if err := c.CheckClock(ctx); err != nil {
		return crl, err
	}
	a, ok := c.Trust().Authority(name)
	if !ok {
		return crl, fmt.Errorf("no issuer %q in %q", name, c.dir.Path())
	}
	c.crls.signing.Lock()
	defer c.crls.signing.Unlock()
	for attempt := 1; ; attempt++ {
		err := c.with(a.Name, func(issuer *pki.Issuer) (err error) {
			crl, err = c.signCRL(ctx, issuer, days)
			return err
		})
		if !errors.Is(err, ledger.ErrConflict) || attempt == crlAttempts {
			return crl, err
		}
	}
}

func (c *CA) signCRL(ctx context.Context, issuer *pki.Issuer, days int) (row ledger.CRL, err error) {
	state, err := c.ledger.CRLState(ctx, issuer.Certificate)
	if err != nil {
		return row, err
	}
	now := c.Now().UTC().Truncate(time.Second)
	plan := pki.CRLPlan{ThisUpdate: now.Add(-pki.Backdate), NextUpdate: now.AddDate(0, 0, days)}
	plan.Number = pki.NextCRLNumber(state.Last.Number, plan.ThisUpdate)
	if state.Revocations > longCRL {
		defer debug.SetMemoryLimit(debug.SetMemoryLimit(longCRLHeap))
	}
	plan.Entries = make([]pki.Revocation, 0, state.Revocations) // at most; growing would double the memory
	for entry, err := range c.ledger.Entries(ctx, issuer.Certificate, state.Last) {
		if err != nil {
			return row, err
		}
		r, err := pki.ParseRevocation(entry)
		if err != nil {
			return row, fmt.Errorf("a revocation in the ledger: %w", err)
		}
		plan.Entries = append(plan.Entries, r)
	}
	signed, err := issuer.SignCRL(plan, now)
	if err != nil {
		return row, err
	}
	return c.keepCRL(ctx, issuer.Authority, signed, state, nil)
}

// keepCRL does the steps from 2 on.
func (c *CA) keepCRL(
	ctx context.Context, a pki.Authority, crl *pki.CRL, state ledger.CRLState, by map[string]string,
) (row ledger.CRL, err error) {
	sum := sha256.Sum256(crl.Raw)
	row = ledger.CRL{Number: crl.Number.Int64(), ThisUpdate: crl.ThisUpdate, NextUpdate: crl.NextUpdate,
		Entries: crl.Entries, SHA256: hex.EncodeToString(sum[:])}
	dir, _, err := c.dir.MakeDir(crlDir, 0o700, -1)
	if err != nil {
		return row, err
	}
	defer dir.Close()
	if err := dir.Create(unnamedCRL(a.Name, row), crl.Raw, 0o644); err != nil {
		return row, err
	}
	err = c.ledger.RecordCRL(ctx, a, row, state, ledger.Event{Time: c.Now().UTC().Truncate(time.Second), Detail: by})
	switch {
	case errors.Is(err, ledger.ErrConflict):
		return row, errors.Join(err, dir.Remove(unnamedCRL(a.Name, row)))
	case err != nil: // only the disk knows what was written (P7)
		return row, errors.Join(err, c.ledger.Reopen())
	}
	return row, errors.Join(nameCRL(dir, a.Name, row), sweepCRLs(dir, a.Name, c.Now()))
}

// unnamedCRL is the file of a CRL that the ledger may not have yet.
func unnamedCRL(issuer string, row ledger.CRL) string { return issuer + "." + row.SHA256[:16] + ".crl" }

// nameCRL gives a recorded CRL its name. Another process may have named a later one meanwhile: whoever reads the file
// compares it with the row.
func nameCRL(dir *durable.Dir, issuer string, row ledger.CRL) error {
	if err := dir.Rename(unnamedCRL(issuer, row), dir, issuer+".crl"); err != nil {
		return err
	}
	return dir.Sync()
}

// sweepCRLs removes what killed processes left.
func sweepCRLs(dir *durable.Dir, issuer string, now time.Time) error {
	errs := []error{dir.Sweep(now, crlSweep)}
	for name, err := range dir.Names() {
		if err != nil {
			return err
		}
		if !strings.HasPrefix(name.Name, issuer+".") || name.Name == issuer+".crl" {
			continue
		}
		if s, err := dir.Stat(name.Name); err == nil && now.Sub(s.Changed) > crlSweep {
			errs = append(errs, dir.Remove(name.Name))
		}
	}
	return errors.Join(errs...)
}

// ErrCRLGone means that the file of an issuer's last CRL is missing or changed: the next one has to be signed.
var ErrCRLGone = errors.New("the CRL that the ledger records is not in the CA directory")

// ReadCRL gives an issuer's last CRL in DER. ErrCRLGone: its file is not what the ledger recorded.
func (c *CA) ReadCRL(issuer string, last ledger.CRL) ([]byte, error) {
	dir, err := c.dir.OpenDir(crlDir)
	if err != nil {
		return nil, goneCRL(err)
	}
	defer dir.Close()
	raw, err := readCRL(dir, issuer+".crl", last)
	if !errors.Is(err, ErrCRLGone) {
		return raw, err
	}
	if raw, err = readCRL(dir, unnamedCRL(issuer, last), last); err != nil {
		return nil, err
	}
	return raw, nameCRL(dir, issuer, last) // whoever recorded it was killed before it had its name
}

func readCRL(dir *durable.Dir, file string, last ledger.CRL) ([]byte, error) {
	raw, _, err := dir.Read(file, pki.MaxCRLSize)
	if err != nil {
		return nil, goneCRL(err)
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != last.SHA256 {
		return nil, fmt.Errorf("%w: %q", ErrCRLGone, file)
	}
	return raw, nil
}

func goneCRL(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, durable.ErrTooLarge) || errors.Is(err, durable.ErrLink) ||
		errors.Is(err, durable.ErrNotRegular) {
		return fmt.Errorf("%w: %w", ErrCRLGone, err)
	}
	return err
}

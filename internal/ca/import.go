package ca

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"time"

	"ca-exchange/internal/pki"
)

// Import is what became of another CA's records. The numbers are those that would be where it was a trial.
type Import struct {
	Taken    int    // certificates that the ledger has now
	Known    int    // certificates that the ledger had, or that the records have twice
	Revoked  int    // revocations that the ledger has now
	Floor    string // number of the old CRL, decimal: ours have a higher one; "" for none
	Refused  []Untaken
	Warnings []Untaken
}

// Untaken is a part of the records that was not taken, and why.
type Untaken struct {
	Where  string `json:"where"`
	Reason string `json:"reason"`
}

// ImportOptions is how records are imported.
type ImportOptions struct {
	Trial    bool // nothing is written
	CRL      *OldCRL
	Progress func(read int) // nil for nobody
}

// importing is one run of Import.
type importing struct {
	*CA
	ImportOptions
	rules   *Rules
	now     time.Time
	serials map[string]string // fingerprints by issuer and serial
	signed  map[string]bool   // names of the issuers that signed one
	revoked map[string]bool   // by issuer and serial, of a trial
	orphans []Foreign         // revoked serials that come without a certificate
	sum     Import

	compromised []string // keys of what was revoked because others know them
}

// importBatch is how many certificates share a transaction.
const importBatch = 256

// Import takes certificates of another CA's records into the ledger: those that an issuer here signed, each once, with
// their revocations. It may be killed at any time, and run again: what the ledger has is skipped.
func (c *CA) Import(ctx context.Context, records iter.Seq2[Foreign, error], o ImportOptions) (Import, error) {
	i := &importing{CA: c, ImportOptions: o, now: c.Now(), serials: map[string]string{},
		signed: map[string]bool{}, revoked: map[string]bool{}}
	if err := c.CheckClock(ctx); err != nil {
		return i.sum, err
	}
	var err error
	if i.rules, err = c.Rules(); err != nil {
		return i.sum, err
	}
	var batch []importable
	read := 0
	for f, err := range records {
		if err == nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return i.sum, err
		}
		if read++; i.Progress != nil {
			i.Progress(read)
		}
		if one, ok := i.check(f); ok {
			batch = append(batch, one)
		}
		if len(batch) == importBatch {
			if err := i.take(ctx, batch, nil); err != nil {
				return i.sum, err
			}
			batch = batch[:0]
		}
	}
	if err := i.take(ctx, batch, nil); err != nil {
		return i.sum, err
	}
	for _, step := range []func(context.Context) error{i.takeOrphans, i.takeCRL, i.warnKeys} {
		if err := step(ctx); err != nil {
			return i.sum, err
		}
	}
	return i.sum, nil
}

// importable is a certificate that an issuer here signed.
type importable struct {
	Foreign
	by          pki.Authority
	fingerprint string
}

// check says whether a certificate is one to take, and notes why not.
func (i *importing) check(f Foreign) (one importable, ok bool) {
	if f.Leaf == nil {
		i.withoutLeaf(f)
		return one, false
	}
	if i.own(f) {
		return one, false
	}
	one = importable{Foreign: f, fingerprint: pki.Fingerprint(f.Leaf)}
	var err error
	if one.by, err = i.signer(f.Leaf); err != nil {
		i.refuse(f.Where, err)
		return one, false
	}
	i.signed[one.by.Name] = true
	key := one.by.Name + "\x00" + pki.SerialHex(f.Leaf.SerialNumber)
	switch other, taken := i.serials[key]; {
	case f.Leaf.SerialNumber.Sign() <= 0:
		i.refuse(f.Where, fmt.Errorf("its serial is %v, expected a positive number", f.Leaf.SerialNumber))
		return one, false
	case other == one.fingerprint:
		i.sum.Known++
		if f.Revoked != nil {
			i.orphans = append(i.orphans, one.revocation())
		}
		return one, false
	case taken:
		i.refuse(f.Where, errSerialTaken(f.Leaf.SerialNumber, one.by.Name))
		return one, false
	}
	i.serials[key] = one.fingerprint
	return one, true
}

// revocation is what the records say of a certificate that is revoked.
func (one importable) revocation() Foreign {
	return Foreign{Where: one.Where, Serial: one.Leaf.SerialNumber, Issuer: one.by.Name, Revoked: one.Revoked}
}

// withoutLeaf keeps a revoked serial for later: which issuer's it is may be known only then.
func (i *importing) withoutLeaf(f Foreign) {
	absent := errors.Is(f.Problem, fs.ErrNotExist)
	if f.Problem != nil && !absent {
		i.refuse(f.Where, f.Problem)
	}
	switch {
	case f.Revoked != nil && f.Serial != nil:
		i.orphans = append(i.orphans, f)
	case absent:
		i.sum.Warnings = append(i.sum.Warnings, Untaken{f.Where, "no certificate file for serial " +
			pki.SerialHex(f.Serial)})
	}
}

func (i *importing) refuse(where string, err error) {
	i.sum.Refused = append(i.sum.Refused, Untaken{where, err.Error()})
}

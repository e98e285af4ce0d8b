package pass

import (
	"context"
	"errors"
	"fmt"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
)

// ErrNewerCRL means that an outbox holds a later CRL of this CA than the ledger knows: the ledger is an old copy, and
// its CRL might take back a revocation.
var ErrNewerCRL = errors.New("the outbox has a CRL that the ledger does not know")

// shownCRL is a CRL that lay in the outbox as it should: while the files are the same, none of them is read.
type shownCRL struct {
	sum   string
	files [2]durable.Stat
}

// keepCRLs signs the CRLs that are due and puts those that are kept into the outbox. One whose issuer cannot sign now
// is owed: the next pass signs it.
func (p *pass) keepCRLs(ctx context.Context) error {
	all, err := p.CRLs(ctx)
	if err != nil {
		return err
	}
	signed := false
	for _, crl := range all {
		if !crl.Late {
			continue
		}
		last, err := p.SignCRL(ctx, crl.Name, p.rules.Policy.CRLDays())
		switch {
		case errors.Is(err, ca.ErrKeyAbsent), errors.Is(err, ca.ErrTooLong), errors.Is(err, pki.ErrNoCRLSign):
			p.sum.CRLsOwed++
			p.warnOnce("the CRL of issuer "+crl.Name+" is owed", err)
		case err != nil:
			return fmt.Errorf("signing the CRL of issuer %q: %w", crl.Name, err)
		default:
			signed = true
			p.Log.Info("signed a CRL", "issuer", crl.Name, "number", last.Number, "entries", last.Entries, "nextUpdate",
				pki.Stamp(last.NextUpdate))
		}
	}
	if signed {
		if all, err = p.CRLs(ctx); err != nil {
			return err
		}
	}
	return p.publishCRLs(ctx, all)
}

// PublishCRLs puts the CRLs that this CA keeps into an outbox, as they are.
func PublishCRLs(ctx context.Context, c *ca.CA, x *inbox.Exchange) error {
	p := newPass(c, x, newMemory(), Options{})
	defer p.sayTroubles()
	if err := p.checkHead(ctx); err != nil {
		return err
	}
	all, err := c.CRLs(ctx)
	if err != nil {
		return err
	}
	return p.publishCRLs(ctx, all)
}

// publishCRLs puts CRLs into the outbox, in DER and as PEM, each file whole or not at all, and the ledger's head after
// them: an older copy of the ledger is then noticed before it signs a CRL that lacks a revocation (P13).
func (p *pass) publishCRLs(ctx context.Context, all []ca.CRL) error {
	for _, crl := range all {
		if !crl.Signed() || p.memory.shows(crl, p.describeCRL(crl.Name)) {
			continue
		}
		there, err := p.publishCRL(ctx, crl)
		switch {
		case errors.Is(err, ca.ErrCRLGone), errors.Is(err, ErrNewerCRL):
			p.warnOnce("publishing the CRL of issuer "+crl.Name, err) // that one's trouble alone
		case err != nil:
			return fmt.Errorf("publishing the CRL of issuer %q: %w", crl.Name, err)
		case there:
			p.memory.showed(crl, p.describeCRL(crl.Name))
		}
	}
	return nil
}

func (p *pass) publishCRL(ctx context.Context, crl ca.CRL) (there bool, err error) {
	raw, err := p.ReadCRL(crl.Name, crl.Last)
	if errors.Is(err, ca.ErrCRLGone) {
		raw, err = p.replaceCRL(ctx, crl, err)
	}
	if err == nil {
		err = p.noNewerCRL(crl)
	}
	if err != nil {
		return false, err
	}
	head, sequence, changed, err := p.headFile(ctx)
	if err != nil {
		return false, err
	}
	files := []inbox.File{{Name: crl.Name + inbox.CRLSuffix, Bytes: raw},
		{Name: crl.Name + inbox.CRLSuffix + inbox.PEMSuffix, Bytes: pki.EncodeCRL(raw)}}
	if changed {
		files = append(files, head)
	}
	outcomes, err := p.x.Publish(files, func(_ inbox.File, have []byte) bool {
		_, ok := p.ownCRL(crl, have)
		return ok
	})
	if err != nil {
		return false, err
	}
	there = true
	for i, f := range files {
		there = p.isThere(f, outcomes[i]) && there
	}
	if there && changed {
		p.published = sequence
	}
	return there, nil
}

// replaceCRL signs the next CRL where the file of the last one is gone.
func (p *pass) replaceCRL(ctx context.Context, crl ca.CRL, gone error) ([]byte, error) {
	rules, err := p.Rules()
	if rules == nil {
		return nil, err
	}
	p.Log.Warn("signing the next CRL", "issuer", crl.Name, "error", gone)
	last, err := p.SignCRL(ctx, crl.Name, rules.Policy.CRLDays())
	if err != nil {
		return nil, errors.Join(gone, err)
	}
	return p.ReadCRL(crl.Name, last)
}

// noNewerCRL refuses to replace a CRL of ours that is newer than the one at hand.
func (p *pass) noNewerCRL(crl ca.CRL) error {
	have, ok := p.ownCRL(crl, p.x.ReadOwn(crl.Name+inbox.CRLSuffix).Bytes)
	if !ok || have.Number.IsInt64() && have.Number.Int64() <= crl.Last.Number {
		return nil
	}
	return fmt.Errorf("%w: number %v, the last one here is %d; ca-admin recover takes its revocations over",
		ErrNewerCRL, have.Number, crl.Last.Number)
}

// ownCRL reads a CRL that lies in an outbox, in either form; ok is false for whatever the issuer did not sign.
func (p *pass) ownCRL(crl ca.CRL, have []byte) (found *pki.CRL, ok bool) {
	if decoded, err := pki.DecodeCRL(have); err == nil {
		have = decoded
	}
	found, err := crl.VerifyCRL(have, nil, p.Now())
	return found, err == nil
}

// describeCRL describes the two files of an issuer's CRL in the outbox; the zero value for one that is not there.
func (p *pass) describeCRL(issuer string) (files [2]durable.Stat) {
	for i, end := range []string{"", inbox.PEMSuffix} {
		files[i], _ = p.x.Describe(issuer + inbox.CRLSuffix + end) // what cannot be described is looked at
	}
	return files
}

// shows reports whether the outbox has a CRL as it was published.
func (m *memory) shows(crl ca.CRL, files [2]durable.Stat) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	shown, ok := m.crls[crl.Name]
	return ok && shown.sum == crl.Last.SHA256 && shown.files[0].Same(files[0]) && shown.files[1].Same(files[1])
}

func (m *memory) showed(crl ca.CRL, files [2]durable.Stat) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.crls[crl.Name] = shownCRL{crl.Last.SHA256, files}
}

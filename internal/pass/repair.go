package pass

import (
	"bytes"
	"context"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
)

// Repair makes an exchange's outbox match the ledger: it puts back every missing or altered answer, and the issuers,
// but no certificate that has ended or is revoked. It returns how many answers it put back, and of how many.
func Repair(ctx context.Context, c *ca.CA, x *inbox.Exchange) (restored, all int, err error) {
	p := newPass(c, x, newMemory(), Options{})
	if err := p.checkHead(ctx); err != nil {
		return 0, 0, err
	}
	if err := p.readRules(); err != nil { // what is published needs no policy
		p.warnOnce("cannot read the policy; outbox/features.json stays as it is", err)
	}
	if err := p.publishTrust(); err != nil {
		return 0, 0, err
	}
	if err := PublishCRLs(ctx, c, x); err != nil {
		return 0, 0, err
	}
	var batch []ledger.Answer
	flush := func() error {
		n, err := p.restore(ctx, batch)
		restored, batch = restored+n, batch[:0]
		return err
	}
	for a, err := range c.Ledger().Answers(ctx, x.ID) {
		if err != nil {
			return restored, all, err
		}
		all++
		if batch = append(batch, a); len(batch) == batchSize {
			if err := flush(); err != nil {
				return restored, all, err
			}
		}
	}
	return restored, all, flush()
}

// restore publishes those of a batch that do not lie in the outbox as they should.
func (p *pass) restore(ctx context.Context, answers []ledger.Answer) (restored int, err error) {
	certificates, err := p.Ledger().CertificatesFor(ctx, requestsOf(answers))
	if err != nil {
		return 0, err
	}
	should, _, err := p.recordedAnswers(ctx, answers)
	if err != nil {
		return 0, err
	}
	missing := answered{stale: should.stale}
	for i, f := range should.files {
		certificate, issued := certificates[should.answers[i].Request]
		if issued && (p.Now().After(certificate.NotAfter) || certificate.Status == ledger.Revoked) {
			continue
		}
		have, err := p.x.ReadAnswer(f.Team, f.Name)
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(have.Bytes, f.Bytes) {
			missing.files, missing.answers = append(missing.files, f), append(missing.answers, should.answers[i])
		}
	}
	if len(missing.files) == 0 {
		return 0, nil
	}
	_, err = p.publish(ctx, []answered{missing})
	return len(missing.files), err
}

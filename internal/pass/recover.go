package pass

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// Recovery is what Recover did for one exchange.
type Recovery struct {
	Exchange  string   `json:"exchange"`
	Behind    bool     `json:"behind"`    // the ledger lacked the event of the outbox's head
	Head      int64    `json:"head"`      // number of that event; 0 where the outbox holds no head of this CA
	Ledger    int64    `json:"ledger"`    // number of the ledger's last event before
	Taken     int      `json:"taken"`     // certificates that were taken over
	Linked    int      `json:"linked"`    // of them, those whose request was at hand
	Past      int      `json:"past"`      // of them, those signed before the ledger began
	Ambiguous []string `json:"ambiguous"` // serials of those with several candidates, which a person has to look at
	Revoked   int      `json:"revoked"`   // revocations that were taken over from the outbox's CRLs
	Lost      int64    `json:"lost"`      // events that nothing brings back; -1 where their number cannot be determined
	Problems  []string `json:"problems"`  // what could not be read or recorded
}

// mostAmbiguous is how many serials a Recovery names.
const mostAmbiguous = 100

// mostBackdate is how long before it is signed a certificate may begin, under any policy.
const mostBackdate = time.Hour

// recovering is one run of Recover.
type recovering struct {
	*pass
	judge
	began   time.Time // of the ledger
	wanted  map[string]*wanted
	sum     Recovery
	unread  int // files that could not be read
	refused int // certificates that could not be recorded
}

// Recover takes the certificates of this CA from an outbox into a ledger that lacks them, accepts that the rest of what
// the exchange knew is lost, and publishes the ledger's head, so that the exchange is served again. Certificates are
// the only evidence, and CRLs: notices are unsigned, and anybody can write one. Other files of the outbox are ignored.
func Recover(ctx context.Context, c *ca.CA, x *inbox.Exchange) (Recovery, error) {
	r := &recovering{pass: newPass(c, x, newMemory(), Options{}), wanted: map[string]*wanted{}}
	r.sum = Recovery{Exchange: x.Path(), Ambiguous: []string{}, Problems: []string{}}
	head, err := r.prepareToRecover(ctx)
	if err != nil {
		return r.sum, err
	}
	// The outbox is read twice: what belongs to which request is known only when all has been seen, and all of it at
	// once may be too much for memory.
	for _, step := range []func(context.Context) error{r.survey, r.findRequests, r.takeOver, r.takeCRLs} {
		if err := step(ctx); err != nil {
			return r.sum, err
		}
	}
	r.conclude()
	if r.sum.Behind {
		if err := c.AcceptHead(ctx, head); err != nil {
			return r.sum, err
		}
	}
	if err := r.publishOwed(ctx); err != nil {
		return r.sum, err
	}
	return r.sum, publishHead(ctx, c, x)
}

// prepareToRecover looks at clock, rules and head, in a pass's order.
func (r *recovering) prepareToRecover(ctx context.Context) (head ca.Head, err error) {
	if err := r.CheckClock(ctx); err != nil {
		return head, err
	}
	if err := r.readRules(); err != nil {
		return head, err
	}
	trusts, err := r.Trusts(ctx)
	if err != nil {
		return head, err
	}
	r.judge = judge{policy: r.rules.Policy, trusts: trusts, now: r.Now()}
	if r.began, err = r.Ledger().Began(ctx); err != nil {
		return head, err
	}
	end, err := r.Ledger().Head(ctx)
	if err != nil {
		return head, err
	}
	r.sum.Ledger = end.Seq
	head, there, err := readHead(ctx, r.CA, r.x)
	r.sum.Behind = errors.Is(err, ca.ErrBehind)
	switch {
	case errors.Is(err, ca.ErrForeignHead):
		r.sum.Problems = append(r.sum.Problems, "outbox/head.json: "+err.Error())
	case err != nil && !r.sum.Behind:
		return head, err
	case there:
		r.sum.Head = head.Sequence
	}
	return head, nil
}

// conclude works out what cannot be brought back, and what was passed over.
func (r *recovering) conclude() {
	s := &r.sum
	switch {
	case s.Behind && s.Head > s.Ledger:
		s.Lost = max(0, s.Head-s.Ledger-int64(s.Taken-s.Past+s.Revoked))
	case s.Behind: // where the two parted is unknown
		s.Lost = -1
	}
	if r.unread > 0 {
		s.Problems = append(s.Problems, fmt.Sprintf("files of the outbox that could not be read: %d", r.unread))
	}
	if r.refused > 0 {
		s.Problems = append(s.Problems, fmt.Sprintf("certificates that could not be recorded: %d", r.refused))
	}
}

// missing is a certificate of the outbox that one of our issuers signed and the ledger lacks.
type missing struct {
	leaf *x509.Certificate
	by   pki.Authority
	at   ledger.Address
	key  string // fingerprint
}

// past reports whether it was signed before the ledger began: by an issuer that was adopted later.
func (r *recovering) past(m missing) bool { return m.leaf.NotBefore.Before(r.began.Add(-mostBackdate)) }

// eachMissing reads the outbox and gives what the ledger lacks, a batch at a time.
func (r *recovering) eachMissing(ctx context.Context, do func([]missing) error) error {
	batch := map[string]missing{} // by fingerprint: a certificate may lie there under several names
	flush := func() error {
		lacking, err := r.lacking(ctx, batch)
		clear(batch)
		if err != nil || len(lacking) == 0 {
			return err
		}
		return do(lacking)
	}
	for file, err := range r.x.Certificates() {
		if err != nil {
			r.problem(err)
			continue
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if m, ok := r.ownIn(file); ok {
			batch[pki.Fingerprint(m.leaf)] = m
		}
		if len(batch) == batchSize {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	return flush()
}

// problem is reported once, although the outbox is read twice.
func (r *recovering) problem(err error) {
	for _, known := range r.sum.Problems {
		if known == err.Error() {
			return
		}
	}
	r.sum.Problems = append(r.sum.Problems, err.Error())
}

// ownIn reads a file of the outbox; ok is false for whatever does not begin with a certificate of ours.
func (r *recovering) ownIn(f inbox.File) (m missing, ok bool) {
	content, err := r.x.ReadAnswer(f.Team, f.Name)
	if err != nil || content.State == inbox.Unreadable {
		r.unread++
		return m, false
	}
	chain, err := pki.ParseCertificates(content.Bytes)
	if err != nil {
		return m, false
	}
	m.leaf = chain[0]
	if m.by, ok = r.Signed(m.leaf); !ok {
		return m, false
	}
	m.key, err = pki.KeyFingerprint(m.leaf.PublicKey)
	m.at = ledger.Address{
		Exchange: r.x.ID, Team: f.Team, Name: f.Name[:len(f.Name)-len(inbox.CertificateSuffix)],
	}
	return m, err == nil
}

// lacking takes out of a batch what the ledger has.
func (r *recovering) lacking(ctx context.Context, batch map[string]missing) (all []missing, err error) {
	fingerprints := make([]string, 0, len(batch))
	for f := range batch {
		fingerprints = append(fingerprints, f)
	}
	known, err := r.Ledger().ByFingerprints(ctx, fingerprints)
	for _, f := range fingerprints {
		if _, ok := known[f]; !ok {
			all = append(all, batch[f])
		}
	}
	return all, err
}

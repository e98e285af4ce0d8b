package ca

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/signer"
)

// How long a signer that did not sign is left alone: each time twice as long, so that one that hangs does not cost
// every pass its limit, and one that is back is soon asked again.
const (
	shortestRest = time.Second
	longestRest  = time.Minute
)

// rests are the signers that did not sign when they were asked last. The zero value knows none. It is safe for
// concurrent use.
type rests struct {
	mu    sync.Mutex
	of    map[string]*rest        // by issuer
	ready map[string]func() error // by issuer, where one can ask whether it would sign
}

// rest is why a signer is left alone, and until when.
type rest struct {
	cause error
	until time.Time
	long  time.Duration
}

// ask has a signer be asked before it signs again after a failure: asking for a signature may need a person.
func (r *rests) ask(issuer string, ready func() error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ready == nil {
		r.ready = map[string]func() error{}
	}
	r.ready[issuer] = ready
}

// err says why an issuer's signer is left alone; nil where it may be asked to sign.
func (r *rests) err(issuer string, clock func() time.Time) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	one := r.of[issuer]
	if one == nil {
		return nil
	}
	now := clock()
	switch {
	case now.Before(one.until):
		return one.cause
	case r.ready[issuer] == nil:
		return nil
	}
	if err := r.ready[issuer](); err != nil {
		one.more(err, now)
		return err
	}
	delete(r.of, issuer)
	return nil
}

// note keeps what came of asking a signer to sign.
func (r *rests) note(issuer string, err *signer.Error, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		delete(r.of, issuer)
		return
	}
	if r.of == nil {
		r.of = map[string]*rest{}
	}
	if r.of[issuer] == nil {
		r.of[issuer] = &rest{}
	}
	r.of[issuer].more(err, now)
}

func (r *rest) more(cause error, now time.Time) {
	r.long = min(max(2*r.long, shortestRest), longestRest)
	r.cause, r.until = cause, now.Add(r.long)
}

// with lets an issuer sign. ErrKeyAbsent says that its key is not at hand, or that whoever holds it signs nothing, or
// something else: then nothing that came back is used, and it is left alone for a while.
func (c *CA) with(name string, sign func(*pki.Issuer) error) error {
	issuer, err := c.issuer(name)
	if err != nil {
		return err
	}
	err = sign(issuer)
	a, _ := c.Trust().Authority(name)
	failed, ok := errors.AsType[*signer.Error](err)
	if err == nil || ok {
		c.keys.rests.note(a.Name, failed, c.Now())
	}
	if ok { // without what it was to sign: the same trouble reads the same for every certificate
		return fmt.Errorf("issuer %q: %w: %w", a.Name, ErrKeyAbsent, failed)
	}
	return err
}

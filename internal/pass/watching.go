package pass

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/refusal"
)

// backoffLimit bounds how long a watch waits after errors; the exchange may be back any time.
const backoffLimit = time.Minute

// watch serves one exchange for a running Watch.
type watch struct {
	*ca.CA
	WatchOptions
	at       Sides
	report   func(ExchangeReport)
	memory   *memory
	x        *inbox.Exchange
	events   *inbox.Watch
	opening  <-chan error // the first opening, while the exchange does not answer
	failures int
	trouble  string

	again  chan struct{}    // somebody wants it to look
	beat   func()           // it is awake
	stands func(how string) // it has looked, or the look takes long
}

// run serves the exchange until ctx ends.
func (w *watch) run(ctx context.Context) {
	w.tell()
	beats, stop := ticks(w.Service.Beat)
	defer stop()
	for {
		wait := w.round(ctx, beats)
		if !w.sleep(ctx, wait, beats) {
			return
		}
	}
}

// ticks ticks so often; never where every is 0.
func ticks(every time.Duration) (<-chan time.Time, func()) {
	if every <= 0 {
		return nil, func() {}
	}
	t := time.NewTicker(every)
	return t.C, t.Stop
}

// sleep waits until there is reason to look; false where the watch ends.
func (w *watch) sleep(ctx context.Context, wait time.Duration, beats <-chan time.Time) bool {
	over := time.NewTimer(wait)
	defer over.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-w.wake():
			return true
		case <-w.again:
			return true
		case <-over.C:
			return true
		case <-beats:
			w.beat()
		}
	}
}

// tell reports how the exchange is served now.
func (w *watch) tell() {
	r := ExchangeReport{Exchange: w.at.Inbox, Trouble: w.trouble}
	if w.opening == nil && w.events != nil {
		r.Mode = w.events.Mode()
	}
	w.report(r)
}

func (w *watch) wake() <-chan struct{} {
	if w.events == nil {
		return nil
	}
	return w.events.Wake()
}

func (w *watch) close() {
	if w.events != nil {
		w.events.Close()
		w.events = nil
	}
	if w.x != nil {
		w.x.Close()
		w.x = nil
	}
}

// open opens the exchange at the start of the watch. Where it does not answer, the first pass waits for it: the watch
// of other exchanges goes on, and so does a service whose network mount is dead when it is started.
func (w *watch) open(ctx context.Context) error {
	opened := make(chan error, 1)
	go func() {
		err := w.reopen(ctx)
		if err == nil {
			err = CheckHead(ctx, w.CA, w.x)
		}
		opened <- err
	}()
	select {
	case err := <-opened:
		return err
	case <-ctx.Done():
	case <-time.After(headTime):
		w.Log.Warn("the exchange does not answer; waiting for it", "exchange", refusal.Quote(w.at.Inbox))
	}
	w.opening, w.trouble = opened, fmt.Sprintf("it has not answered for %s: %v", headTime, ErrSilent)
	return nil
}

// reopen opens the exchange by its path: at the start, and when what is held open is not what lies there any more.
func (w *watch) reopen(ctx context.Context) error {
	w.close()
	x, err := ServeExchange(ctx, w.CA, w.at)
	if err != nil {
		return err
	}
	w.x = x
	w.events = x.Watch(inbox.WatchOptions{NoEvents: w.NoEvents})
	w.Log.Info("watching", "exchange", refusal.Quote(x.Path()), "mode", w.events.Mode(), "poll", w.Poll.String())
	return nil
}

// round is one pass and how long to wait after it.
func (w *watch) round(ctx context.Context, beats <-chan time.Time) time.Duration {
	err := w.patiently(ctx, beats)
	if ctx.Err() != nil {
		return 0
	}
	defer w.tell()
	how := "serving " + refusal.Quote(w.at.Inbox)
	if err != nil {
		how = "cannot serve " + refusal.Quote(w.at.Inbox) + ": " + err.Error()
	}
	w.stands(how)
	if err == nil {
		if w.trouble != "" {
			w.Log.Info("serving again")
		}
		w.trouble, w.failures = "", 0
		return w.Poll
	}
	if said := err.Error(); said != w.trouble { // one warning per change of state
		w.trouble = said
		args := []any{"error", err}
		if errors.Is(err, ca.ErrBehind) {
			args = append(args, "wayOut", "ca-admin recover --exchange "+w.at.Inbox)
		}
		w.Log.Warn("cannot serve the exchange; will retry", args...)
	}
	w.failures = min(w.failures+1, 16)
	wait := min(w.Poll<<min(w.failures-1, 6), backoffLimit)
	return wait/2 + rand.N(wait/2+1)
}

// patience is how long a pass may say nothing before the exchange counts as one that does not answer.
const patience = 30 * time.Second

// patiently runs a pass beside itself: a system call into a dead network mount never returns, and nothing ends it. The
// program stays awake all the same: it says so once, goes on when the mount is back, and can be stopped.
func (w *watch) patiently(ctx context.Context, beats <-chan time.Time) error {
	done := make(chan error, 1)
	go func() { done <- w.pass(ctx) }()
	slow := time.NewTimer(patience)
	defer slow.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-slow.C:
			w.Log.Info("this pass takes long; is the exchange still there?", "exchange", refusal.Quote(w.at.Inbox))
			w.stands("a pass over " + refusal.Quote(w.at.Inbox) + " takes long")
		case <-beats:
			w.beat()
		case <-ctx.Done():
			select {
			case err := <-done:
				return err
			case <-time.After(time.Second):
				return ctx.Err() // the call that hangs goes with the process
			}
		}
	}
}

// listen takes up team directories, and events where they had failed and can be had again.
func (w *watch) listen(p *pass) {
	if !w.events.Failed() {
		if err := w.events.Refresh(); err != nil {
			p.warnOnce("watching sub-directories", err)
		}
		return
	}
	fresh := w.x.Watch(inbox.WatchOptions{NoEvents: w.NoEvents})
	if fresh.Failed() {
		fresh.Close()
		return
	}
	w.events.Close()
	w.events = fresh
	w.Log.Info("watching", "exchange", refusal.Quote(w.x.Path()), "mode", fresh.Mode(), "poll", w.Poll.String())
}

// pass serves the exchange once, after it was opened anew where another one lies in its place.
func (w *watch) pass(ctx context.Context) error {
	if w.opening != nil {
		err := <-w.opening
		if w.opening = nil; err != nil {
			return err
		}
	}
	if w.x == nil || w.x.Moved() {
		if err := w.reopen(ctx); err != nil {
			return err
		}
	}
	settle := func(e inbox.Entry, content inbox.Content) bool {
		return w.memory.settled(e, content.Stat, w.Now(), w.Settle)
	}
	p := newPass(w.CA, w.x, w.memory, Options{Settle: settle, Progress: w.Progress, OpenInbox: w.at.OpenInbox})
	w.listen(p)
	sum, err := p.run(ctx)
	if sum.Answered() > 0 {
		w.Log.Info("pass", "issued", sum.Issued, "held", sum.Held, "denied", sum.Denied, "repeated", sum.Repeated,
			"left", sum.Left, "took", sum.Took.Round(time.Millisecond).String())
	}
	if err == nil && w.Passed != nil {
		w.Passed(ctx, w.x)
	}
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

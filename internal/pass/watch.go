package pass

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
)

// WatchOptions are the options of Watch.
type WatchOptions struct {
	Exchanges []Sides
	Poll      time.Duration
	NoEvents  bool
	Settle    time.Duration
	Control   bool // let the keys be locked and unlocked meanwhile
	Locked    bool // start without the keys that need a passphrase
	Progress  Progress
	Service   Service

	Passed func(context.Context, *inbox.Exchange) // after a pass without an error; nil for nobody
}

// Watch answers exchanges until ctx ends: at once when something is dropped, where the file system reports events, and
// every Poll in any case. It waits for an exchange that is gone, full or read-only; only an error that waiting cannot
// resolve ends it. At the start at least one exchange must be present, because a person is there to correct a mistake.
func Watch(ctx context.Context, c *ca.CA, o WatchOptions) error {
	lock, err := lockPatiently(c)
	if err != nil {
		return err
	}
	defer lock.Release()
	if err := unlock(c, o); err != nil {
		return err
	}
	control, err := openControl(c, o)
	if err != nil {
		return err
	}
	if control != nil {
		defer control.Close()
	}
	if err := c.Dir().Remove(watchFile); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err // another watch wrote it
	}
	reports := newReports(c, o)
	supervisor := newSupervisor(c, o)
	var watches []*watch
	var troubles []error
	for i, at := range o.Exchanges {
		report := func(r ExchangeReport) { reports.change(i, r) }
		w := &watch{CA: c, WatchOptions: o, at: at, memory: newMemory(), report: report, again: make(chan struct{}, 1)}
		w.beat = func() { supervisor.beat(i) }
		w.stands = func(how string) { supervisor.stands(ctx, i, how) }
		defer w.close()
		if err := w.open(ctx); err != nil {
			troubles = append(troubles, err)
		}
		watches = append(watches, w)
	}
	if len(troubles) == len(watches) {
		return errors.Join(troubles...)
	}
	var running sync.WaitGroup
	serveControl(ctx, control, &running, func() { lookAgain(watches) })
	for _, w := range watches {
		running.Go(func() { w.run(ctx) })
	}
	running.Go(func() { reloads(ctx, supervisor, watches) })
	running.Wait()
	return nil
}

// reloads has all exchanges looked at whenever somebody wants it, until ctx ends.
func reloads(ctx context.Context, s *supervisor, watches []*watch) {
	for {
		select {
		case <-ctx.Done():
			s.stopping()
			return
		case <-s.Reload:
			s.reload()
			lookAgain(watches)
		}
	}
}

// lookAgain has all exchanges looked at.
func lookAgain(watches []*watch) {
	for _, w := range watches {
		select {
		case w.again <- struct{}{}:
		default: // it looks already
		}
	}
}

// lockPatiently tries again once: `status` takes the lock for a moment, to see whether a watch holds it.
func lockPatiently(c *ca.CA) (*durable.Lock, error) {
	lock, err := c.Lock()
	if errors.Is(err, ca.ErrLocked) {
		time.Sleep(100 * time.Millisecond)
		lock, err = c.Lock()
	}
	return lock, err
}

package pass

import (
	"context"
	"errors"
	"io/fs"
	"sync"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/durable"
)

// WatchOptions are the options of Watch.
type WatchOptions struct {
	Exchanges []Sides
	Poll      time.Duration
	NoEvents  bool
	Settle    time.Duration
	Progress  Progress
	Service   Service
	Passed    func(context.Context) // after a pass without an error, of any exchange; nil for nobody
}

// Watch answers exchanges until ctx ends: each at once when something is dropped where events are to be had, and
// every Poll in any case. One that is gone, full or read-only is waited for; only what no waiting mends ends the
// watch. At the start at least one has to be there, since a person is there to mend it.
func Watch(ctx context.Context, c *ca.CA, o WatchOptions) error {
	lock, err := lockPatiently(c)
	if err != nil {
		return err
	}
	defer lock.Release()
	if err := c.Unlock(); err != nil {
		return err
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
		err := w.reopen(ctx)
		if err == nil {
			err = CheckHead(ctx, c, w.x)
		}
		if err != nil {
			troubles = append(troubles, err)
		}
		watches = append(watches, w)
	}
	if len(troubles) == len(watches) {
		return errors.Join(troubles...)
	}
	var running sync.WaitGroup
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
			for _, w := range watches {
				select {
				case w.again <- struct{}{}:
				default: // it looks already
				}
			}
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

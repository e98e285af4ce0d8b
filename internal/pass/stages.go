package pass

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// stage does one step for every batch, in order, until no more come.
func stage[A, B any](ctx context.Context, from <-chan A, to chan<- B, step func(context.Context, A) (B, error)) error {
	return drain(ctx, from, func(ctx context.Context, batch A) error {
		next, err := step(ctx, batch)
		if err != nil {
			return err
		}
		return send(ctx, to, next)
	})
}

// drain is the last stage: what step makes goes nowhere.
func drain[A any](ctx context.Context, from <-chan A, step func(context.Context, A) error) error {
	for batch := range from {
		if err := step(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// send hands a batch on unless the pass has ended.
func send[T any](ctx context.Context, to chan<- T, batch T) error {
	select {
	case to <- batch:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func stopOn(stop context.CancelCauseFunc, err error) {
	if err != nil {
		stop(err)
	}
}

// parallel calls do for 0 … n−1 on all cores and waits.
func parallel(n int, do func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers <= 1 {
		for i := range n {
			do(i)
		}
		return
	}
	var next atomic.Int64
	var wait sync.WaitGroup
	for range workers {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	wait.Wait()
}

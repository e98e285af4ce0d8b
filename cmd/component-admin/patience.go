package main

import (
	"context"
	"fmt"
	"time"

	"ca-exchange/internal/cli"
)

// patience is how long an exchange may stay silent.
const patience = time.Minute

// patiently does something with an exchange. A dead NFS server or a stopped FUSE process never answers, and a call that
// waits for it cannot be interrupted: after limit without a sign of life, or when the person does not want to wait any
// more, patiently gives up and leaves the call to end with the process. do calls alive before each step.
func patiently(ctx context.Context, path string, limit time.Duration, do func(alive func()) error) error {
	steps, done := make(chan struct{}), make(chan error, 1)
	gone := make(chan struct{})
	defer close(gone)
	go func() {
		done <- do(func() {
			select {
			case steps <- struct{}{}:
			case <-gone:
			}
		})
	}()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	interrupted, waits := ctx.Done(), true
	for {
		select {
		case err := <-done:
			return err
		case <-steps:
			if waits {
				timer.Reset(limit)
			}
		case <-interrupted:
			interrupted, waits = nil, false
			timer.Reset(2 * time.Second) // what does answer ends by itself
		case <-timer.C:
			word := cli.Word(path)
			return cli.Hint(fmt.Errorf("the exchange %q does not answer", path),
				"a dead network server or a stopped FUSE process? `timeout 5 ls "+word+"` shows it",
				"`umount -l "+word+"` ends it; then mount it again")
		}
	}
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"golang.org/x/sys/unix"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/refusal"
)

// readRequest reads a file that a person named: a request, as the inbox would take it, or "-" for standard input. One
// byte more than an entry may have shows that it is too large; the reader of requests says so.
func readRequest(ctx context.Context, file string) ([]byte, error) {
	if file == standardInput {
		return readInput(ctx)
	}
	return readFile(file, refusal.MaxEntry)
}

// standardInput is the name of a file that is standard input, and of one that is standard output.
const standardInput = "-"

// readInput reads standard input. A read from a terminal or a pipe cannot be interrupted: where a signal ends the
// command, it is left behind, and the process ends.
func readInput(ctx context.Context) ([]byte, error) {
	type result struct {
		b   []byte
		err error
	}
	done := make(chan result, 1)
	go func() {
		b, err := readAll(os.Stdin, refusal.MaxEntry)
		done <- result{b, err}
	}()
	select {
	case r := <-done:
		return r.b, r.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// readFile reads a regular file, at most limit bytes and one. A link on a person's own command line is followed; a FIFO
// or a device is refused, because opening or reading it may never end.
func readFile(file string, limit int) ([]byte, error) {
	// O_NONBLOCK: a FIFO that nobody writes to would block the open itself, and no signal would end it.
	f, err := os.OpenFile(file, os.O_RDONLY|unix.O_NONBLOCK, 0)
	if errors.Is(err, unix.ENXIO) { // a socket
		return nil, notRegular(file)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, notRegular(file)
	}
	return readAll(f, limit)
}

func readAll(f *os.File, limit int) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", f.Name(), err)
	}
	return b, nil
}

func notRegular(file string) error {
	err := &fs.PathError{Op: "open", Path: file, Err: errors.New("is not a regular file")}
	return cli.Hint(err, "copy its content into a file, or pass it on standard input with - as the name")
}

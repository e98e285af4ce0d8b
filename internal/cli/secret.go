package cli

import (
	"context"
	"fmt"

	"golang.org/x/term"
)

// Secret reads a passphrase without echo. A signal that ends ctx gives the terminal its echo back.
func (t *Terminal) Secret(ctx context.Context, prompt string) ([]byte, error) {
	if !t.Interactive() {
		return nil, WithStatus(Usage, ErrNobody)
	}
	fd := int(t.In.Fd())
	echoing, err := term.GetState(fd)
	if err != nil {
		return nil, err
	}
	fmt.Fprint(t.Err, prompt)
	defer fmt.Fprintln(t.Err)
	type reply struct {
		secret []byte
		err    error
	}
	got := make(chan reply, 1) // the reader may outlive an interrupted question: the process is ending then
	go func() {
		secret, err := term.ReadPassword(fd)
		got <- reply{secret, err}
	}()
	select {
	case r := <-got:
		return r.secret, r.err
	case <-ctx.Done():
		term.Restore(fd, echoing) // best effort: the shell does it, too
		return nil, ctx.Err()
	}
}

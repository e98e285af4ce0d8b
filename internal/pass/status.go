package pass

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// Status is how a CA stands.
type Status struct {
	Trust        string
	Issuers      []pki.Authority
	Exchange     string
	Mode         string // how the inbox can be watched, and how answers are made durable
	Watch        *WatchReport
	Pending      int64
	Certificates int64
	Backlog      int      // entries that wait in the inbox
	Problems     []string // what can't be read or written
	Head         ledger.Event
}

// answerTime is how long an exchange may take to say what it holds: a dead network mount never does.
const answerTime = 10 * time.Second

// Status looks at the ledger, the running watch and, where it is at hand, the exchange.
func StatusOf(ctx context.Context, c *ca.CA, at Sides) (Status, error) {
	s := Status{Trust: c.Trust().Fingerprint, Issuers: c.Trust().Authorities, Exchange: at.Inbox}
	var err error
	if s.Pending, s.Certificates, err = c.Ledger().Counts(ctx); err != nil {
		return s, err
	}
	if s.Head, err = c.Ledger().Head(ctx); err != nil {
		return s, err
	}
	if s.Watch, err = Watching(c); err != nil {
		s.Problems = append(s.Problems, err.Error())
	}
	if s.Watch != nil && s.Watch.Trouble != "" {
		s.Problems = append(s.Problems, fmt.Sprintf("the watch has been waiting since %s: %s", s.Watch.Begun.Format(time.RFC3339), s.Watch.Trouble))
	}
	seen := make(chan look, 1) // the call that hangs goes with the process
	go func() { seen <- lookAt(ctx, c, at) }()
	select {
	case l := <-seen:
		s.Mode, s.Backlog, s.Problems = l.mode, l.backlog, append(s.Problems, l.problems...)
	case <-time.After(answerTime):
		s.Problems = append(s.Problems, fmt.Sprintf("%s has not answered for %s: is the mount dead?", refusal.Quote(at.Inbox), answerTime))
	case <-ctx.Done():
		return s, ctx.Err()
	}
	return s, nil
}

// look is what there is to see of an exchange.
type look struct {
	mode     string
	backlog  int
	problems []string
}

func lookAt(ctx context.Context, c *ca.CA, at Sides) (l look) {
	problem := func(format string, args ...any) { l.problems = append(l.problems, fmt.Sprintf(format, args...)) }
	x, err := OpenExchange(ctx, c, at.WithOpenInbox())
	if err != nil {
		problem("%v", err)
		return l
	}
	defer x.Close()
	watch := x.Watch(inbox.WatchOptions{})
	defer watch.Close()
	l.mode = watch.Mode() + ", " + x.SyncMode()
	if err := x.Writable(); err != nil {
		problem("%v", err)
	}
	unreadable, example := 0, ""
	for entry, err := range x.Entries() {
		if err != nil {
			problem("%v", err)
			continue
		}
		l.backlog++
		if content := x.Read(entry); content.State == inbox.Unreadable {
			if unreadable++; example == "" {
				example = fmt.Sprintf("%s: %v", refusal.Quote(entry.File), bare(content.Err))
			}
		}
	}
	if unreadable > 0 {
		problem("entries that cannot be read: %d (chmod a+r), for example %s", unreadable, example)
	}
	return l
}

// bare is an error without the path in it, which a neighbour may have chosen.
func bare(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok {
		return failed.Err
	}
	return err
}

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
	Exchanges    []ExchangeStatus
	Watch        *WatchReport
	Pending      int64
	Certificates int64
	Problems     []string // what cannot be read or written
	Head         ledger.Event
}

// ExchangeStatus is how one exchange stands.
type ExchangeStatus struct {
	Exchange string `json:"exchange"`
	Mode     string `json:"mode"`    // how the inbox can be watched, and how answers are made durable
	Backlog  int    `json:"backlog"` // entries that wait in the inbox
	Ignored  int    `json:"ignored"` // files in the inbox that nobody reads, since they are not called NAME.csr
	ignored  []string
}

// FirstIgnored names the first few of the files that are ignored, quoted.
func (s ExchangeStatus) FirstIgnored() string { return quotedList(s.ignored) }

// answerTime is how long an exchange may take to list its entries: a dead network mount never answers.
const answerTime = 10 * time.Second

// StatusOf reads the ledger, the running watch's report and the exchanges that are present.
func StatusOf(ctx context.Context, c *ca.CA, exchanges []Sides) (Status, error) {
	s := Status{Trust: c.Trust().Fingerprint, Issuers: c.Trust().Authorities}
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
	s.Problems = append(s.Problems, s.Watch.troubles()...)
	for _, at := range exchanges {
		l := lookPatiently(ctx, c, at)
		s.Exchanges, s.Problems = append(s.Exchanges, l.ExchangeStatus), append(s.Problems, l.problems...)
	}
	return s, ctx.Err()
}

// troubles are what keeps a watch from serving.
func (w *WatchReport) troubles() (all []string) {
	if w == nil {
		return nil
	}
	for _, e := range w.Exchanges {
		if e.Trouble != "" {
			all = append(all, fmt.Sprintf("the watch has been waiting since %s: %s", e.Begun.Format(time.RFC3339),
				e.Trouble))
		}
	}
	return all
}

// lookPatiently gives an exchange some time to say what it holds.
func lookPatiently(ctx context.Context, c *ca.CA, at Sides) look {
	l, err := patiently(ctx, at, answerTime, func() look { return lookAt(ctx, c, at) })
	if err != nil {
		return look{ExchangeStatus: ExchangeStatus{Exchange: at.Inbox}, problems: []string{err.Error()}}
	}
	return l
}

// ErrSilent reports an exchange that does not answer: neither with what was asked, nor with an error.
var ErrSilent = errors.New("is the mount dead?")

// patiently asks an exchange, and waits for its answer for at most that long. A call that hangs ends with the process.
func patiently[T any](ctx context.Context, at Sides, long time.Duration, ask func() T) (answer T, err error) {
	answers := make(chan T, 1)
	go func() { answers <- ask() }()
	select {
	case answer = <-answers:
		return answer, nil
	case <-time.After(long):
		return answer, fmt.Errorf("%s has not answered for %s: %w", refusal.Quote(at.Inbox), long, ErrSilent)
	case <-ctx.Done():
		return answer, ctx.Err()
	}
}

// look is what there is to see of an exchange.
type look struct {
	ExchangeStatus
	problems []string
}

func lookAt(ctx context.Context, c *ca.CA, at Sides) (l look) {
	l.Exchange = at.Inbox
	problem := func(format string, args ...any) { l.problems = append(l.problems, fmt.Sprintf(format, args...)) }
	x, err := OpenExchange(ctx, c, at.WithOpenInbox())
	if err != nil {
		problem("%v", err)
		return l
	}
	defer x.Close()
	watch := x.Watch(inbox.WatchOptions{})
	defer watch.Close()
	l.Mode = watch.Mode() + ", " + x.SyncMode()
	if err := x.Writable(); err != nil {
		problem("%v", err)
	}
	unreadable, example := 0, ""
	var strays inbox.Strays
	for entry, err := range x.EntriesAnd(&strays) {
		if err != nil {
			problem("%v", err)
			continue
		}
		l.Backlog++
		if content := x.Read(entry); content.State == inbox.Unreadable {
			if unreadable++; example == "" {
				example = fmt.Sprintf("%s: %v", refusal.Quote(entry.File), bare(content.Err))
			}
		}
	}
	l.Ignored, l.ignored = strays.Count, strays.First
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

package pass

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// Bounds on the host reports of one pass: anybody may drop files with such names. They come after the requests, and
// what is left waits for the next pass.
const (
	reportsSeen = 1024
	reportSlice = time.Second
)

// reportAhead is how far the time of a report may lie in the CA's future.
const reportAhead = 10 * time.Minute

// reportWrite is how long a file without the end of a signature may still be a copy under way.
const reportWrite = time.Minute

var errStranger = errors.New("no enrolled key signed it")

// seeReport notes a report that a round met, unless it is one that was left and has not changed.
func (p *pass) seeReport(s *strays, file string) {
	left, e := p.memory.passOver(p.hasRoom, p.HasKey), inbox.Entry{File: file}
	if left.Has(e) {
		if now, err := p.x.Stat(e); err == nil && left.Same(e, now) {
			return
		}
	}
	if len(s.reports) < reportsSeen {
		s.reports = append(s.reports, file)
	}
}

// takeReports takes host reports out of the inbox: those of enrolled requesters into the ledger, the rest away. Nothing
// about a report ends a pass.
func (p *pass) takeReports(ctx context.Context) {
	if p.strays == nil || len(p.strays.reports) == 0 {
		return
	}
	trusts, err := p.Trusts(ctx)
	started := p.Now()
	for some := range slices.Chunk(p.strays.reports, batchSize) {
		if err == nil {
			err = p.takeSome(ctx, some, trusts)
		}
		if err != nil || p.Now().Sub(started) > reportSlice {
			break
		}
	}
	if err == nil {
		err = p.x.SyncInbox("")
	}
	if err != nil && ctx.Err() == nil {
		p.warnOnce("taking host reports", err)
	}
	if p.sum.Reports > 0 {
		p.Log.Info("host reports", "taken", p.sum.Reports)
	}
}

// readReport is a file that was read as a host report, and what it says.
type readReport struct {
	file    string
	content inbox.Content
	report  ledger.HostReport
}

// takeSome records the good ones of a few reports, and removes all of them once that is durable.
func (p *pass) takeSome(ctx context.Context, files, trusts []string) error {
	var good []readReport
	for _, file := range files {
		c := p.x.ReadReport(file)
		if !p.isWhole(file, c) {
			continue
		}
		r, err := p.judgeReport(file, c, trusts)
		if err == nil {
			good = append(good, readReport{file, c, r})
			continue
		}
		if p.rules.Policy.TakesReports() {
			p.noteReport(file, c, err)
		}
		p.removeReport(file, c)
	}
	if len(good) == 0 {
		return nil
	}
	rows := make([]ledger.HostReport, len(good))
	for i, g := range good {
		rows[i] = g.report
	}
	refused, err := p.Ledger().TakeReports(ctx, p.Now(), rows)
	if err != nil {
		return err
	}
	for i, g := range good {
		if refused[i] != nil {
			p.note(refusedReport, g.file, refused[i])
		}
		p.removeReport(g.file, g.content)
	}
	p.count(func(s *Summary) { s.Reports += len(good) - len(refused) })
	return nil
}

// isWhole reports whether a file with a report's name is one to be judged now: what is no ordinary file is left, and a
// copy under way waits.
func (p *pass) isWhole(file string, c inbox.Content) bool {
	switch c.State {
	case inbox.Complete:
		age := p.Now().Sub(c.Stat.Modified)
		return c.Signed() || age < 0 || age > reportWrite
	case inbox.TooLarge, inbox.Link:
		return true
	case inbox.Unreadable:
		p.note(unreadable, file, c.Err)
	}
	p.leaveReport(file)
	return false
}

// judgeReport reads a report and holds it against what is known of its signer.
func (p *pass) judgeReport(file string, c inbox.Content, trusts []string) (row ledger.HostReport, err error) {
	if !p.rules.Policy.TakesReports() {
		return row, errors.New("the policy takes no reports")
	}
	if err := c.Unread(); err != nil {
		return row, err
	}
	r, signature, err := request.ParseHostReport(c.Bytes)
	if err != nil {
		return row, err
	}
	signer, ok := p.rules.Policy.Requesters().ByKey(signature.Fingerprint())
	now := p.Now()
	switch {
	case !ok:
		return row, fmt.Errorf("%w: %s", errStranger, signature.Fingerprint())
	case r.Requester != signer.Name:
		return row, fmt.Errorf("its requester is %s, its key is that of %q", refusal.Quote(r.Requester), signer.Name)
	case !strings.EqualFold(file, inbox.ReportFile(r.Requester, r.Node)):
		return row, fmt.Errorf("its name is %q", inbox.ReportFile(r.Requester, r.Node))
	case !slices.Contains(trusts, r.Trust):
		return row, fmt.Errorf("it is for a CA with the trust %s", r.Trust)
	case r.Time.After(now.Add(reportAhead)), r.Time.Before(now.Add(-ledger.ReportLife)):
		return row, fmt.Errorf("it is of %s, and here it is %s", r.Time.Format(time.RFC3339),
			now.UTC().Format(time.RFC3339))
	}
	return ledger.HostReport{Requester: r.Requester, Node: r.Node, Time: r.Time, Body: c.Bytes}, nil
}

// noteReport says why a report was not taken; a private key is said loudly, whatever its file is called.
func (p *pass) noteReport(file string, c inbox.Content, why error) {
	kind := refusedReport
	switch {
	case request.HoldsPrivateKey(c.Bytes):
		p.Log.Warn("a file with a host report's name held a private key: it was removed; make another key", "file",
			refusal.Quote(file))
		return
	case errors.Is(why, errStranger):
		kind = strangeReport
	}
	p.note(kind, file, why)
}

func (p *pass) removeReport(file string, c inbox.Content) {
	err := error(nil)
	if c.State == inbox.Link {
		c.Stat, err = p.x.Stat(inbox.Entry{File: file})
	}
	if err == nil {
		err = p.x.RemoveReport(file, c.Stat)
	}
	if err != nil {
		p.note(notRemovable, file, err)
		p.leaveReport(file)
	}
}

// leaveReport passes a file over until it changes.
func (p *pass) leaveReport(file string) {
	e := inbox.Entry{File: file}
	if s, err := p.x.Stat(e); err == nil {
		p.memory.leave(e, s)
	}
}

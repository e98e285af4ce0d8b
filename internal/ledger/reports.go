package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"time"
)

// HostReport is the newest report of a requester's node, as it was taken: with its signature. It is data without an
// event: whoever lost the table gets it back at the hosts' next reports.
type HostReport struct {
	Requester string
	Node      string
	Time      time.Time // that the report has, by the host's clock
	Body      []byte
}

const (
	// NodesOfRequester is how many nodes of one requester have a report.
	NodesOfRequester = 256

	// ReportLife is how long a report stands: an older one is not taken, and gives its place to another node's.
	ReportLife = 365 * 24 * time.Hour
)

// ErrReport is why a report is not taken.
var ErrReport = errors.New("this host report is not taken")

// TakeReports records reports, each in the place of its node's earlier one. What is not newer than that one, or of one
// node too many, is passed over: refused has its ErrReport, by its index. Nothing in it is an error of the ledger.
func (l *Ledger) TakeReports(ctx context.Context, now time.Time, all []HostReport) (refused map[int]error, err error) {
	err = l.transaction(ctx, func(w *writing) error {
		refused = map[int]error{}
		for i, r := range all {
			err := w.takeReport(now, r)
			if errors.Is(err, ErrReport) {
				refused[i] = err
			} else if err != nil {
				return err
			}
		}
		return nil
	})
	return refused, err
}

func (w *writing) takeReport(now time.Time, r HostReport) error {
	var before time.Time
	row := w.conn.QueryRowContext(w.ctx, "SELECT time FROM reports WHERE requester = ? AND node = ?", r.Requester,
		r.Node)
	switch err := row.Scan((*timeColumn)(&before)); {
	case errors.Is(err, sql.ErrNoRows):
		if err := w.roomForReport(now, r.Requester); err != nil {
			return err
		}
	case err != nil:
		return err
	case !r.Time.After(before):
		return fmt.Errorf("%w: it is of %s, the one before of %s", ErrReport, stamp(r.Time), stamp(before))
	}
	_, err := w.conn.ExecContext(w.ctx, `INSERT INTO reports (requester, node, time, body) VALUES (?, ?, ?, ?)
		ON CONFLICT (requester, node) DO UPDATE SET time = excluded.time, body = excluded.body`,
		r.Requester, r.Node, seconds(r.Time), r.Body)
	return err
}

// roomForReport makes room for one more node of a requester, where a year has passed since another one's report.
func (w *writing) roomForReport(now time.Time, requester string) error {
	count := 0
	row := w.conn.QueryRowContext(w.ctx, "SELECT count(*) FROM reports WHERE requester = ?", requester)
	if err := row.Scan(&count); err != nil || count < NodesOfRequester {
		return err
	}
	gone, err := w.conn.ExecContext(w.ctx, "DELETE FROM reports WHERE requester = ? AND time < ?", requester,
		seconds(now.Add(-ReportLife)))
	if err != nil {
		return err
	}
	if n, err := gone.RowsAffected(); err != nil || n > 0 {
		return err
	}
	return fmt.Errorf("%w: %d nodes of requester %q have one", ErrReport, count, requester)
}

// HostReports lists the reports whose time is not after until, by requester and node.
func (l *Ledger) HostReports(ctx context.Context, until time.Time) iter.Seq2[HostReport, error] {
	scan := func(rows *sql.Rows) (r HostReport, err error) {
		return r, rows.Scan(&r.Requester, &r.Node, (*timeColumn)(&r.Time), &r.Body)
	}
	return each(ctx, l.reader, scan, `SELECT requester, node, time, body FROM reports WHERE time <= ?
		ORDER BY requester, node`, seconds(until))
}

// CountHostReports counts the reports of each requester whose time is after since.
func (l *Ledger) CountHostReports(ctx context.Context, since time.Time) (map[string]int, error) {
	type row struct {
		requester string
		count     int
	}
	scan := func(rows *sql.Rows) (r row, err error) { return r, rows.Scan(&r.requester, &r.count) }
	counts := map[string]int{}
	query := "SELECT requester, count(*) FROM reports WHERE time > ? GROUP BY requester"
	for r, err := range each(ctx, l.reader, scan, query, seconds(since)) {
		if err != nil {
			return nil, err
		}
		counts[r.requester] = r.count
	}
	return counts, nil
}

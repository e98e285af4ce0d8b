package ledger

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// Broken is the error of a ledger that is not what its events say. It lists the first differences only: one edit of
// the chain's beginning may be followed by many.
type Broken struct {
	Differences []string // at most 20, each naming its event, certificate or request
	More        int      // how many others there are
}

// mostDifferences is how many Broken lists.
const mostDifferences = 20

func (b *Broken) Error() string {
	return fmt.Sprintf("%d differences between the ledger and its events: %s", len(b.Differences)+b.More,
		b.Differences[0])
}

// Verify compares the whole ledger with its chain of events: each event with the one before, each certificate's row and
// DER with the event that issued it, what is superseded with the rows that supersede it, each revocation and each CRL
// with its event, each request's row and bytes with the event that last decided on it, the counters with what they
// count, and the end of the chain with the head that the last transaction noted. Where anchor is not 0, the event with
// that number must have that hash. *Broken lists what differs; any other error is the disk's or the caller's.
func (l *Ledger) Verify(ctx context.Context, anchor int64, hash string) error {
	if err := checkVersion(l.reader); err != nil {
		return err
	}
	db, err := sql.Open("sqlite", source(l.path, forReading))
	if err != nil {
		return err
	}
	defer db.Close()
	v := verification{anchor: anchor, anchorHash: hash}
	walks := []func(context.Context, *sql.DB) error{
		v.events, v.certificates, v.requests, v.missing, v.superseded, v.revocations, v.crls,
	}
	errs := make([]error, len(walks))
	var wait sync.WaitGroup
	for i, walk := range walks { // each walk reads one snapshot, and compares only what it finds there
		wait.Go(func() { errs[i] = walk(ctx, db) })
	}
	wait.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	return v.broken()
}

// verification gathers differences from several walks.
type verification struct {
	anchor     int64
	anchorHash string

	mu    sync.Mutex
	found map[rank][]string // at most mostDifferences of each rank
	count int
}

// rank sorts differences: first those of the chain, on which the others rest.
type rank int

const (
	ofChain rank = iota
	ofCertificates
	ofRequests
)

func (v *verification) differ(r rank, format string, args ...any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.found == nil {
		v.found = map[rank][]string{}
	}
	v.count++
	if len(v.found[r]) < mostDifferences {
		v.found[r] = append(v.found[r], fmt.Sprintf(format, args...))
	}
}

func (v *verification) broken() error {
	if v.count == 0 {
		return nil
	}
	all := slices.Concat(v.found[ofChain], v.found[ofCertificates], v.found[ofRequests])
	all = all[:min(len(all), mostDifferences)]
	return &Broken{all, v.count - len(all)}
}

// events follows the chain, in one transaction with the counters that were written with its end.
func (v *verification) events(ctx context.Context, db *sql.DB) error {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return err
	}
	defer tx.Rollback()
	rows, err := tx.QueryContext(ctx, `SELECT seq, time, e.kind, id, e.serial, detail, hash
		FROM events AS e LEFT JOIN requests AS r ON r.num = about ORDER BY seq`)
	if err != nil {
		return err
	}
	defer rows.Close()
	is, anchored := counters{hash: origin}, v.anchor == 0
	for rows.Next() {
		var e Event
		var detail string
		if err := rows.Scan(&e.Seq, (*timeColumn)(&e.Time), &e.Kind, (*hexText)(&e.Request), (*hexText)(&e.Serial),
			&detail, (*hexText)(&e.Hash)); err != nil {
			return err
		}
		is.seq++
		e.Previous = is.hash
		if e.Seq != is.seq || e.Hash != e.hash(detail) {
			v.differ(ofChain, "event %d was changed, or an event before it was removed", e.Seq)
		}
		anchored = anchored || e.Seq == v.anchor && e.Hash == v.anchorHash
		is.seq, is.hash = e.Seq, e.Hash
		is.clock(e)
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if !anchored {
		v.differ(ofChain, "event %d does not have the hash %s of the given head", v.anchor, v.anchorHash)
	}
	return v.counters(ctx, tx, is)
}

// counted recounts what the counters count.
const counted = `SELECT count(*) FILTER (WHERE status = 'Held'), (SELECT count(*) FROM certificates),
	count(*) FILTER (WHERE status = 'Held' AND NOT authenticated),
	coalesce(sum(size) FILTER (WHERE status = 'Held' AND NOT authenticated), 0),
	count(*) FILTER (WHERE status = 'Denied' AND NOT authenticated) FROM requests`

// counters compares the stored counters with what the events and the tables give.
func (v *verification) counters(ctx context.Context, tx *sql.Tx, is counters) error {
	var was counters
	if err := tx.QueryRowContext(ctx, "SELECT "+counterColumns+" FROM counters").Scan(was.fields()...); err != nil {
		return err
	}
	if was.seq != is.seq || was.hash != is.hash {
		v.differ(ofChain, "the last event is %d:%s, the last one written was %d:%s", is.seq, is.hash, was.seq, was.hash)
	}
	if err := tx.QueryRowContext(ctx, counted).Scan(&is.held, &is.certificateCount, &is.unsignedHeld, &is.unsignedBytes,
		&is.unsignedDenied); err != nil {
		return err
	}
	is.seq, is.hash = was.seq, was.hash
	if was != is {
		v.differ(ofRequests, "the counters are %s, the tables give %s", was, is)
	}
	return nil
}

func (c counters) String() string {
	return strings.Join([]string{
		fmt.Sprintf("newest %d, held %d, certificates %d", c.newest, c.held, c.certificateCount),
		fmt.Sprintf("unsigned: held %d, bytes %d, denied %d", c.unsignedHeld, c.unsignedBytes, c.unsignedDenied),
	}, ", ")
}

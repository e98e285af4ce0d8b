package ledger

import (
	"context"
	"fmt"
	"strings"
)

// Record writes a batch in one transaction and returns when it is durable. ErrConflict means that nothing was written
// because a request is not as it was read. Any other error leaves open what the disk holds: Reopen, and look up again.
func (l *Ledger) Record(ctx context.Context, changes []Change) error {
	return l.transaction(ctx, func(w *writing) error { return w.record(changes) })
}

func (w *writing) record(changes []Change) error {
	steps, err := w.steps(changes)
	if err != nil {
		return err
	}
	// Rows come before those that refer to them: SQLite checks each reference at once.
	for _, write := range []func([]*step) error{
		w.requests, w.bodies, w.certificates, w.revoked, w.answers, w.log,
	} {
		if err := write(steps); err != nil {
			return err
		}
	}
	return nil
}

// requests adds the new rows and changes the others. Both statements skip what another process wrote first: fewer
// rows than expected are a conflict.
func (w *writing) requests(steps []*step) error {
	var added, changed []any
	for _, s := range steps {
		if s.OnlyAnswers {
			continue
		}
		fields, err := s.fields()
		if err != nil {
			return err
		}
		if s.was.num == 0 {
			added = append(append(added, s.num, s.Request.ID[:], s.Request.Kind), fields...)
		} else {
			changed = append(append(changed, s.num, s.Request.Version), fields...)
		}
		is := tally{s.Request.Status, s.Request.Authenticated, int64(s.Request.Size)}
		w.count(s.was.tally, is)
	}
	for _, write := range []struct {
		bulk
		rows []any
	}{{addRequests, added}, {changeRequests, changed}} {
		n, err := w.put(w.ctx, write.bulk, write.rows)
		if err != nil {
			return err
		}
		if n != int64(len(write.rows)/write.width) {
			return ErrConflict
		}
	}
	return nil
}

// fields are the columns of a request that a change writes, in the order of both statements.
func (s *step) fields() ([]any, error) {
	r := s.Request
	names, err := list(r.Names)
	if err != nil {
		return nil, err
	}
	refusals, err := list(r.Refusals)
	if err != nil {
		return nil, err
	}
	return []any{r.Status, orNull(s.certificate), r.Name, r.Profile, r.Requester, packedSSH(r.SSHFingerprint),
		packed(r.KeyFingerprint), r.Node, r.Subject, names, refusals, r.Reason, r.Authenticated, r.Size,
		seconds(r.Received), seconds(r.Decided)}, nil
}

// bodies stores entries and notices; what a change does not bring stays.
func (w *writing) bodies(steps []*step) error {
	var rows []any
	for _, s := range steps {
		if s.Entry != nil || s.Notice != nil {
			rows = append(rows, s.num, s.Entry, s.Notice)
		}
	}
	_, err := w.put(w.ctx, addBodies, rows)
	return err
}

// answers assigns addresses to requests. All of them are owed until MarkPublished.
func (w *writing) answers(steps []*step) error {
	var rows []any
	places := map[Address]int64{}
	for _, s := range steps {
		for _, a := range s.Answers {
			place, err := w.place(places, a.Address)
			if err != nil {
				return err
			}
			rows = append(rows, place, a.Name, s.num)
		}
	}
	_, err := w.put(w.ctx, addAnswers, rows)
	return err
}

// place gives the number of an address's place, which is added where it is new. known saves asking twice.
func (w *writing) place(known map[Address]int64, a Address) (num int64, err error) {
	key := Address{Exchange: a.Exchange, Team: a.Team}
	if num, ok := known[key]; ok {
		return num, nil
	}
	add := "INSERT OR IGNORE INTO places (exchange, team) VALUES (?, ?)"
	if _, err := w.conn.ExecContext(w.ctx, add, a.Exchange, a.Team); err != nil {
		return 0, err
	}
	row := w.conn.QueryRowContext(w.ctx, "SELECT num FROM places WHERE exchange = ? AND team = ?", a.Exchange, a.Team)
	err = row.Scan(&num)
	known[key] = num
	return num, err
}

// log appends the changes' events, each with the digest of the row that it vouches for.
func (w *writing) log(steps []*step) error {
	for _, s := range steps {
		if s.Event == nil {
			continue
		}
		if !s.OnlyAnswers {
			digest, err := s.digest()
			if err != nil {
				return err
			}
			s.Event.Detail = with(s.Event.Detail, s.vouched(digest))
			if s.Event.Kind == EventIssued && s.Certificate != nil && s.Certificate.Replaces != "" {
				s.Event.Kind = EventRenewed
			}
		}
		if err := w.append(s.Event, s.num); err != nil {
			return err
		}
	}
	return nil
}

// vouched are the keys of an event's detail by which Verify checks the rows: the row's digest, and of a certificate
// what it does not say itself.
func (s *step) vouched(digest string) map[string]string {
	detail := map[string]string{digestKey: digest}
	if k := s.Certificate; k != nil {
		for key, value := range map[string]string{
			"fingerprint": k.Fingerprint, "profile": k.Profile, "requester": k.Requester, "node": k.Node,
			"issuer": k.Issuer, "replaces": k.Replaces,
		} {
			if value != "" {
				detail[key] = value
			}
		}
	}
	return detail
}

// digest is the digest of the row as it is after the change.
func (s *step) digest() (string, error) {
	r := s.Request
	r.Version, r.Serial = s.was.version+1, s.was.serial
	if s.Certificate != nil {
		r.Serial = s.Certificate.Serial
	} else if s.Linked != "" {
		r.Serial = s.Request.Serial
	}
	body, err := s.body()
	if err != nil {
		return "", err
	}
	names, err := list(r.Names)
	if err != nil {
		return "", err
	}
	refusals, err := list(r.Refusals)
	return r.digest(names, refusals, body), err
}

// body is the digest of the request's bytes as they are after the change.
func (s *step) body() ([]byte, error) {
	entry, notice := s.Entry, s.Notice
	if entry == nil && notice == nil && s.was.body != nil {
		return s.was.body, nil
	}
	if s.was.body != nil && (entry == nil || notice == nil) {
		return nil, fmt.Errorf("recording request %s: its bytes are archived", s.Request.ID.Short())
	}
	if entry == nil {
		entry = s.was.entry
	}
	if notice == nil {
		notice = s.was.notice
	}
	return bodyDigest(entry, notice), nil
}

// Append logs an event that belongs to no change.
func (l *Ledger) Append(ctx context.Context, e Event) error {
	return l.transaction(ctx, func(w *writing) error { return w.append(&e, 0) })
}

// fold gives a name as a case-insensitive file system sees it: two names that fold alike are one place. Entry names
// are ASCII, so Unicode's case folding and normal forms do not apply; vfat drops trailing dots.
func fold(name string) string { return strings.TrimRight(strings.ToLower(name), ".") }

package ledger

import (
	"fmt"

	"ca-exchange/internal/pki"
)

// step is a change beside what the ledger has of its request, and the numbers of the rows it becomes.
type step struct {
	*Change
	was         recorded
	num         int64 // of the request's row
	certificate int64 // of the present certificate's row, 0 where there is none
}

// steps looks up what the changes are about, refuses what is not legal, and gives the new rows their numbers.
func (w *writing) steps(changes []Change) ([]*step, error) {
	known, err := w.find(changes)
	if err != nil {
		return nil, err
	}
	lastRequest, err := w.last("requests")
	if err != nil {
		return nil, err
	}
	lastCertificate, err := w.last("certificates")
	if err != nil {
		return nil, err
	}
	steps := make([]*step, len(changes))
	for i := range changes {
		c := &changes[i]
		s := &step{Change: c, was: known[c.Request.ID]}
		if s.was.version != c.Request.Version {
			return nil, ErrConflict
		}
		if err := c.illegal(s.was); err != nil {
			return nil, fmt.Errorf("recording request %s: %w", c.Request.ID.Short(), err)
		}
		s.num, s.certificate = s.was.num, s.was.certificate
		if s.num == 0 {
			lastRequest++
			s.num = lastRequest
		}
		if c.Certificate != nil {
			lastCertificate++
			s.certificate = lastCertificate
		}
		if c.Linked != "" {
			if s.certificate, err = w.linked(c); err != nil {
				return nil, err
			}
		}
		steps[i] = s
	}
	return steps, nil
}

// last gives the highest number of a table's rows.
func (w *writing) last(table string) (num int64, err error) {
	return num, w.conn.QueryRowContext(w.ctx, "SELECT coalesce(max(num), 0) FROM "+table).Scan(&num)
}

const findColumns = `num, id, version, kind, status, authenticated, size, coalesce(certificate, 0),
	(SELECT serial FROM certificates WHERE num = requests.certificate), entry, notice, digest`

// find reads what the ledger has of those requests that were read before; of new ones it has nothing, or their
// insertion finds out.
func (w *writing) find(changes []Change) (map[pki.ID]recorded, error) {
	known := map[pki.ID]recorded{}
	var ids []any
	for i := range changes {
		if changes[i].Request.Recorded() {
			ids = append(ids, changes[i].Request.ID[:])
		}
	}
	if len(ids) == 0 {
		return known, nil
	}
	query := "SELECT " + findColumns + " FROM requests LEFT JOIN bodies ON bodies.request = num WHERE id IN "
	rows, err := w.conn.QueryContext(w.ctx, query+marks(len(ids)), ids...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id pki.ID
		var r recorded
		if err := rows.Scan(&r.num, (*idColumn)(&id), &r.version, &r.kind, &r.status, &r.authenticated, &r.size,
			&r.certificate, (*hexText)(&r.serial), &r.entry, &r.notice, &r.body); err != nil {
			return nil, err
		}
		known[id] = r
	}
	return known, rows.Err()
}

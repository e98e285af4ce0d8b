package ledger

import (
	"context"
	"database/sql"
)

// A verification reads the tables twice over. First in the order of the events, where nearly every row is found by its
// number, right behind the one before: what is whole there is marked. Then what is not marked, one by one and by
// indexes, to say what it differs in. With a million certificates the second way alone takes a minute.

// marked is a set of row numbers, a bit for each; a row that somebody edited may have any number.
type marked map[int64]uint64

func (m marked) mark(num int64) { m[num>>6] |= 1 << (num & 63) }

func (m marked) unmark(num int64) { m[num>>6] &^= 1 << (num & 63) }

func (m marked) has(num int64) bool { return m[num>>6]>>(num&63)&1 == 1 }

// others calls do for each row of a table whose number is not in the set.
func (m marked) others(ctx context.Context, db *sql.DB, table string, do func(num int64) error) error {
	scan := func(rows *sql.Rows) (num int64, err error) { return num, rows.Scan(&num) }
	for num, err := range each(ctx, db, scan, "SELECT num FROM "+table+" ORDER BY num") {
		if err != nil {
			return err
		}
		if m.has(num) {
			continue
		}
		if err := do(num); err != nil {
			return err
		}
	}
	return nil
}

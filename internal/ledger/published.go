package ledger

import (
	"context"
	"database/sql"
)

// MarkPublished notes that answers are durably in their outbox. Each names the version of the request whose answer was
// published. Where another process changed the request meanwhile, the answer is owed again and counted as late.
func (l *Ledger) MarkPublished(ctx context.Context, answers []Answer) (late int64, err error) {
	err = l.transaction(ctx, func(tx *sql.Tx) error {
		s := l.insert.in(ctx, tx)
		for _, a := range answers {
			key := []any{fold(a.Name), a.Exchange, a.Team, a.Request.String(), a.Version}
			paid, err := affected(s.paid.ExecContext(ctx, key...))
			if err != nil {
				return err
			}
			if paid > 0 {
				continue
			}
			again, err := affected(s.late.ExecContext(ctx, key...))
			if err != nil {
				return err
			}
			late += again
		}
		return nil
	})
	return late, err
}

func affected(r sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

package ledger

import "context"

// Denials counts the requests and refused bytes that nobody vouched for and that were denied.
func (l *Ledger) Denials(ctx context.Context) (n int64, err error) {
	return n, l.reader.QueryRowContext(ctx, "SELECT unsigned_denied FROM counters").Scan(&n)
}

// oldDenialsQuery lists the addresses of such denials on one exchange, the newest first.
const oldDenialsQuery = "SELECT " + answerColumns + ` FROM places CROSS JOIN answers ON place = places.num
	WHERE exchange = ? AND EXISTS (SELECT 1 FROM requests AS r WHERE r.num = answers.request
		AND r.status = 'Denied' AND NOT r.authenticated AND r.kind <> 'Request')
	ORDER BY answers.num DESC LIMIT ? OFFSET ?`

// OldDenials finds the addresses of an exchange's oldest denials of bytes that nobody vouched for: those beyond the
// newest keep, at most most of them. It reads every answer of the exchange, so it is for now and then.
func (l *Ledger) OldDenials(ctx context.Context, exchange string, keep, most int) ([]Answer, error) {
	return collect(each(ctx, l.reader, scanAnswer, oldDenialsQuery, exchange, most, keep))
}

// ReleaseAnswers gives addresses back: nobody owns them any more. What was decided stays recorded.
func (l *Ledger) ReleaseAnswers(ctx context.Context, answers []Answer) error {
	return l.transaction(ctx, func(w *writing) error {
		for _, a := range answers {
			_, err := w.conn.ExecContext(ctx, `DELETE FROM answers WHERE `+foldedName+` = ? AND place =
				(SELECT num FROM places WHERE exchange = ? AND team = ?)`, fold(a.Name), a.Exchange, a.Team)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

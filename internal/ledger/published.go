package ledger

import "context"

// MarkPublished notes that answers are durably in their outbox. Each names the version of the request whose answer was
// published. Where another process changed the request meanwhile, the answer is owed again and counted as late.
func (l *Ledger) MarkPublished(ctx context.Context, answers []Answer) (late int64, err error) {
	if len(answers) == 0 {
		return 0, nil
	}
	err = l.transaction(ctx, func(w *writing) error {
		places, rows := map[Address]int64{}, make([]any, 0, markAnswers.width*len(answers))
		for _, a := range answers {
			place, err := w.place(places, a.Address)
			if err != nil {
				return err
			}
			rows = append(rows, fold(a.Name), place, a.Request[:], a.Version)
		}
		before, err := w.owed()
		if err != nil {
			return err
		}
		changed, err := w.put(w.ctx, markAnswers, rows)
		if err != nil {
			return err
		}
		after, err := w.owed()
		// Of those that changed, the late ones add to what is owed and the others take away from it.
		late = (changed + after - before) / 2
		return err
	})
	return late, err
}

// owed counts the owed answers: few, or none, in an index of their own.
func (w *writing) owed() (n int64, err error) {
	return n, w.conn.QueryRowContext(w.ctx, "SELECT count(*) FROM answers WHERE owed").Scan(&n)
}

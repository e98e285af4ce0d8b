package ledger

import (
	"context"
	"database/sql"
	"iter"
	"strings"

	"ca-exchange/internal/pki"
)

const answerColumns = `exchange, team, name, (SELECT id FROM requests WHERE num = answers.request),
	NOT EXISTS (SELECT 1 FROM owed WHERE answer = answers.num)`

func scanAnswer(rows *sql.Rows) (Answer, error) {
	var a Answer
	var id string
	if err := rows.Scan(&a.Exchange, &a.Team, &a.Name, &id, &a.Published); err != nil {
		return a, err
	}
	var err error
	a.Request, err = pki.ParseID(id)
	return a, err
}

// Owners finds which of an exchange's names belong to a request, in one query. The keys are folded.
func (l *Ledger) Owners(ctx context.Context, exchange string, addresses []Address) (map[Address]Answer, error) {
	owners := map[Address]Answer{}
	if len(addresses) == 0 {
		return owners, nil
	}
	args := []any{exchange}
	for _, a := range addresses {
		args = append(args, fold(a.Name))
	}
	names := strings.TrimPrefix(marks(len(addresses)), ", ")
	query := "SELECT " + answerColumns + " FROM answers WHERE exchange = ? AND folded IN (" + names + ")"
	for a, err := range each(ctx, l.reader, scanAnswer, query, args...) {
		if err != nil {
			return nil, err
		}
		owners[a.Address.Folded()] = a
	}
	return owners, nil
}

// AnswersFor lists the addresses of a request.
func (l *Ledger) AnswersFor(ctx context.Context, id pki.ID) iter.Seq2[Answer, error] {
	query := "SELECT " + answerColumns + " FROM answers WHERE request = (SELECT num FROM requests WHERE id = ?)"
	return each(ctx, l.reader, scanAnswer, query, id.String())
}

// owedQuery reads the few rows of owed first, whatever SQLite's planner estimates: every pass asks.
const owedQuery = "SELECT " + answerColumns + " FROM owed CROSS JOIN answers ON num = answer WHERE exchange = ?"

// Owed lists an exchange's addresses whose answer is not known to be in the outbox.
func (l *Ledger) Owed(ctx context.Context, exchange string) iter.Seq2[Answer, error] {
	return each(ctx, l.reader, scanAnswer, owedQuery, exchange)
}

// Answers lists all addresses of an exchange.
func (l *Ledger) Answers(ctx context.Context, exchange string) iter.Seq2[Answer, error] {
	return each(ctx, l.reader, scanAnswer, "SELECT "+answerColumns+" FROM answers WHERE exchange = ?", exchange)
}

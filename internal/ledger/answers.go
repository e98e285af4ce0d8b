package ledger

import (
	"context"
	"database/sql"
	"iter"

	"ca-exchange/internal/pki"
)

const (
	// foldedName is fold in SQL, and the expression of the index answers_name.
	foldedName = "rtrim(lower(name), '.')"

	answerColumns = `exchange, team, name, (SELECT id FROM requests WHERE num = answers.request), NOT owed`
)

func scanAnswer(rows *sql.Rows) (a Answer, err error) {
	return a, rows.Scan(&a.Exchange, &a.Team, &a.Name, (*idColumn)(&a.Request), &a.Published)
}

// Owners finds which of an exchange's names belong to a request, in one query. The keys are folded.
func (l *Ledger) Owners(ctx context.Context, exchange string, addresses []Address) (map[Address]Answer, error) {
	owners := map[Address]Answer{}
	if len(addresses) == 0 {
		return owners, nil
	}
	args := []any{}
	for _, a := range addresses {
		args = append(args, fold(a.Name))
	}
	for a, err := range each(ctx, l.reader, scanAnswer, ownersQuery(len(addresses)), append(args, exchange)...) {
		if err != nil {
			return nil, err
		}
		owners[a.Address.Folded()] = a
	}
	return owners, nil
}

// ownersQuery reads by name first: an exchange has as many answers as there are certificates, a name has few.
func ownersQuery(names int) string {
	return "SELECT " + answerColumns + " FROM answers CROSS JOIN places ON places.num = place WHERE " + foldedName +
		" IN " + marks(names) + " AND exchange = ?"
}

// AnswersFor lists the addresses of a request.
func (l *Ledger) AnswersFor(ctx context.Context, id pki.ID) iter.Seq2[Answer, error] {
	query := "SELECT " + answerColumns + ` FROM answers CROSS JOIN places ON places.num = place
		WHERE request = (SELECT num FROM requests WHERE id = ?)`
	return each(ctx, l.reader, scanAnswer, query, id[:])
}

// owedQuery reads the index of what is owed, whatever SQLite's planner estimates: every pass asks.
const owedQuery = "SELECT " + answerColumns + ` FROM places
	CROSS JOIN answers INDEXED BY answers_owed ON place = places.num WHERE exchange = ? AND owed`

// Owed lists an exchange's addresses whose answer is not known to be in the outbox.
func (l *Ledger) Owed(ctx context.Context, exchange string) iter.Seq2[Answer, error] {
	return each(ctx, l.reader, scanAnswer, owedQuery, exchange)
}

// Answers lists all addresses of an exchange.
func (l *Ledger) Answers(ctx context.Context, exchange string) iter.Seq2[Answer, error] {
	query := "SELECT " + answerColumns + " FROM answers CROSS JOIN places ON places.num = place WHERE exchange = ?"
	return each(ctx, l.reader, scanAnswer, query, exchange)
}

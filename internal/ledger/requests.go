package ledger

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"iter"
	"strings"

	"ca-exchange/internal/pki"
)

const requestColumns = `r.id, r.kind, r.status, r.version, r.name, r.profile, r.requester, r.ssh_fingerprint,
	r.key_fingerprint, r.node, r.subject, r.names, r.refusals, r.reason, r.authenticated, r.size,
	(SELECT serial FROM certificates WHERE num = r.certificate), r.received, r.decided`

// fields are where a request's columns go.
func (r *Request) fields() []any {
	return []any{(*idColumn)(&r.ID), &r.Kind, &r.Status, &r.Version, &r.Name, &r.Profile, &r.Requester,
		(*sshText)(&r.SSHFingerprint), (*hexText)(&r.KeyFingerprint), &r.Node, &r.Subject, jsonColumn{&r.Names},
		jsonColumn{&r.Refusals}, &r.Reason, &r.Authenticated, &r.Size, (*hexText)(&r.Serial),
		(*timeColumn)(&r.Received), (*timeColumn)(&r.Decided)}
}

func scanRequest(rows *sql.Rows) (r Request, err error) { return r, rows.Scan(r.fields()...) }

func (l *Ledger) requests(ctx context.Context, where string, args ...any) iter.Seq2[Request, error] {
	return each(ctx, l.reader, scanRequest, "SELECT "+requestColumns+" FROM requests AS r WHERE "+where, args...)
}

// Lookup finds what is known of a batch of ids, in one query.
func (l *Ledger) Lookup(ctx context.Context, ids []pki.ID) (map[pki.ID]Request, error) {
	known := map[pki.ID]Request{}
	if len(ids) == 0 {
		return known, nil
	}
	for r, err := range l.requests(ctx, "r.id IN "+marks(len(ids)), idArgs(ids)...) {
		if err != nil {
			return nil, err
		}
		known[r.ID] = r
	}
	return known, nil
}

// Pending lists held requests, oldest first.
func (l *Ledger) Pending(ctx context.Context) iter.Seq2[Request, error] {
	return l.requests(ctx, "r.status = 'Held' ORDER BY r.received, r.id")
}

// Find gives the first three requests whose id begins with prefix: eight to 64 lower-case hex digits.
func (l *Ledger) Find(ctx context.Context, prefix string) iter.Seq2[Request, error] {
	missing := max(0, 2*len(pki.ID{})-len(prefix))
	from, err := hex.DecodeString(prefix + strings.Repeat("0", missing))
	if err != nil {
		return func(yield func(Request, error) bool) {
			yield(Request{}, fmt.Errorf("the id prefix %q is not hex", prefix))
		}
	}
	until, _ := hex.DecodeString(prefix + strings.Repeat("f", missing)) // hex as well
	return l.requests(ctx, "r.id >= ? AND r.id <= ? LIMIT 3", from, until)
}

// namedRequests names the index of what is held: SQLite would rather read all requests.
const namedRequests = "r.num IN (SELECT request FROM answers WHERE " + foldedName + ` = ?
	UNION SELECT num FROM requests INDEXED BY requests_held WHERE status = 'Held' AND ` + foldedName + " = ?) LIMIT 3"

// Named gives the first three requests that a name may mean: those that own it on any exchange, and those that are held
// and came under it, though somebody took their notice away and another request has the name since.
func (l *Ledger) Named(ctx context.Context, name string) iter.Seq2[Request, error] {
	return l.requests(ctx, namedRequests, fold(name), fold(name))
}

// Entry gives the bytes that a request came as.
func (l *Ledger) Entry(ctx context.Context, id pki.ID) ([]byte, error) {
	return l.body(ctx, "entry", id)
}

func (l *Ledger) body(ctx context.Context, column string, id pki.ID) ([]byte, error) {
	query := "SELECT " + column + " FROM bodies WHERE request = (SELECT num FROM requests WHERE id = ?)"
	var b []byte
	if err := l.reader.QueryRowContext(ctx, query, id[:]).Scan(&b); err != nil {
		return nil, fmt.Errorf("reading the %s of request %s: %w", column, id.Short(), err)
	}
	if archived, ok := errors.AsType[*Archived](l.absence(ctx, id)); b == nil && ok {
		return nil, fmt.Errorf("reading the %s of request %s: %w", column, id.Short(), archived)
	}
	return b, nil
}

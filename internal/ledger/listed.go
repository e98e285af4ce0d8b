package ledger

import (
	"context"
	"iter"
)

// Listed is a certificate with what other rows say of it.
type Listed struct {
	Certificate
	Superseded bool // it is Valid, and another Valid certificate renews it or was issued later for the same place
}

func (k *Listed) fields() []any { return append(k.Certificate.fields(), &k.Superseded) }

// Certificates lists certificates one by one: a long list is never in memory.
func (l *Ledger) Certificates(ctx context.Context, f Filter) iter.Seq2[Listed, error] {
	rest, args := f.query()
	query := "SELECT " + certificateColumns + ", c.superseded" + fromCertificates + rest
	return ahead(reused(ctx, l.reader, (*Listed).fields, query, args...))
}

package ledger

import (
	"context"
	"iter"
	"time"

	"ca-exchange/internal/pki"
)

// Listed is a certificate with what other rows say of it.
type Listed struct {
	Certificate
	Superseded bool   // it is Valid, and another Valid certificate renews it or was issued later for the same place
	ReplacedBy string // fingerprint of that one: the last that renews it, or the one in use at its place

	RevokedAt time.Time // zero: it is not revoked
	Reason    pki.Reason
	Since     time.Time // zero: not said
}

func (k *Listed) fields() []any {
	return append(k.Certificate.fields(), &k.Superseded, (*hexText)(&k.ReplacedBy), (*mayTime)(&k.RevokedAt), &k.Reason,
		(*mayTime)(&k.Since))
}

// listedColumns are those of Listed's fields. Only what is superseded or revoked is looked up.
const listedColumns = certificateColumns + `, c.superseded, CASE WHEN c.superseded THEN coalesce(
	(SELECT s.fingerprint FROM certificates AS s WHERE s.replaces = c.num AND s.status = 'Issued'
		ORDER BY s.num DESC LIMIT 1),
	(SELECT s.fingerprint FROM certificates AS s WHERE s.superseded = 0 AND ` + newer + ` LIMIT 1)) END, ` +
	ofRevoked + `(SELECT time ` + itsRevocation + `, ` + ofRevoked + `(SELECT reason ` + itsRevocation + `, ` +
	ofRevoked + `(SELECT since ` + itsRevocation

const (
	ofRevoked     = `CASE c.status WHEN 'Revoked' THEN coalesce(`
	itsRevocation = `FROM revocations AS v WHERE v.issuer = c.issuer AND v.serial = c.serial), 0) ELSE 0 END`
)

const briefColumns = `c.serial, c.status, c.profile, c.requester, c.node, c.subject, c.names, i.name, c.not_before,
	c.not_after, c.fingerprint, c.superseded`

// brief are where briefColumns go.
func (k *Listed) brief() []any {
	return []any{(*hexText)(&k.Serial), &k.Status, &k.Profile, &k.Requester, &k.Node, &k.Subject, jsonColumn{&k.Names},
		&k.Issuer, (*timeColumn)(&k.NotBefore), (*timeColumn)(&k.NotAfter), (*hexText)(&k.Fingerprint), &k.Superseded}
}

// Certificates lists certificates one by one: a long list is never in memory.
func (l *Ledger) Certificates(ctx context.Context, f Filter) iter.Seq2[Listed, error] {
	rest, args := f.query()
	if f.Brief {
		query := "SELECT " + briefColumns + " FROM certificates AS c CROSS JOIN issuers AS i ON i.num = c.issuer "
		query += rest
		return ahead(reused(ctx, l.reader, (*Listed).brief, query, args...))
	}
	query := "SELECT " + listedColumns + fromCertificates + rest
	return ahead(reused(ctx, l.reader, (*Listed).fields, query, args...))
}

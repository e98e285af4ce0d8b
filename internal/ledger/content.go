package ledger

import (
	"context"
	"crypto/x509"
	"encoding/asn1"
	"fmt"

	"ca-exchange/internal/pki"
)

// Content gives the file that answers a request: its present certificate with the chain as PEM, or its notice. The
// bytes are the same at every call, whatever becomes of the issuer.
func (l *Ledger) Content(ctx context.Context, r Request) ([]byte, error) {
	if r.Status != Issued {
		return l.body(ctx, "notice", r.ID)
	}
	query := `SELECT der, (SELECT der FROM chains WHERE num = chain),
		(SELECT answer FROM published WHERE certificate = c.num)
		FROM certificates AS c JOIN ders ON ders.certificate = c.num
		WHERE c.num = (SELECT certificate FROM requests WHERE id = ?)`
	var leaf, chain, published []byte
	if err := l.reader.QueryRowContext(ctx, query, r.ID[:]).Scan(&leaf, &chain, &published); err != nil {
		return nil, fmt.Errorf("reading the certificate of request %s: %w", r.ID.Short(), err)
	}
	return answer(leaf, chain, published)
}

// answer gives the bytes of a certificate's answer: those kept as they were published, or the PEM of leaf and chain.
func answer(leaf, chain, published []byte) ([]byte, error) {
	if published != nil {
		return published, nil
	}
	path := []*x509.Certificate{{Raw: leaf}}
	for len(chain) > 0 {
		var one asn1.RawValue
		rest, err := asn1.Unmarshal(chain, &one)
		if err != nil {
			return nil, fmt.Errorf("a chain in the ledger: %w", err)
		}
		path, chain = append(path, &x509.Certificate{Raw: one.FullBytes}), rest
	}
	return pki.EncodeCertificates(path...), nil
}

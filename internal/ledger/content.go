package ledger

import (
	"context"
	"crypto/x509"
	"database/sql"
	"encoding/asn1"
	"fmt"

	"ca-exchange/internal/pki"
)

// Archived is the error of bytes that were moved to an archive: Attach brings them back.
type Archived struct{ File string }

func (a *Archived) Error() string { return fmt.Sprintf("archived in %q", a.File) }

// Content gives the file that answers a request: its present certificate with the chain as PEM, or its notice. The
// bytes are the same at every call, whatever becomes of the issuer. *Archived: they are in a file.
func (l *Ledger) Content(ctx context.Context, r Request) ([]byte, error) {
	all, err := l.Contents(ctx, []Request{r})
	if err != nil {
		return nil, err
	}
	if content, ok := all[r.ID]; ok {
		return content, nil
	}
	return nil, fmt.Errorf("reading the answer of request %s: %w", r.ID.Short(), l.absence(ctx, r.ID))
}

// Contents gives the answers of a batch of requests, in one query for certificates and one for notices. What is
// archived is not in the map.
func (l *Ledger) Contents(ctx context.Context, requests []Request) (map[pki.ID][]byte, error) {
	found := map[pki.ID][]byte{}
	var issued, others []pki.ID
	for _, r := range requests {
		if r.Status == Issued {
			issued = append(issued, r.ID)
		} else {
			others = append(others, r.ID)
		}
	}
	certificates := `SELECT id, der, (SELECT der FROM chains WHERE num = chain),
		(SELECT answer FROM published WHERE certificate = c.num)
		FROM requests AS r CROSS JOIN certificates AS c ON c.num = r.certificate
		CROSS JOIN ders ON ders.certificate = c.num WHERE der IS NOT NULL AND id IN `
	notices := `SELECT id, NULL, NULL, notice FROM requests CROSS JOIN bodies ON request = num
		WHERE notice IS NOT NULL AND id IN `
	for _, part := range []struct {
		query string
		ids   []pki.ID
	}{{certificates, issued}, {notices, others}} {
		if len(part.ids) == 0 {
			continue
		}
		for a, err := range each(ctx, l.reader, scanContent, part.query+marks(len(part.ids)), idArgs(part.ids)...) {
			if err != nil {
				return nil, fmt.Errorf("reading answers: %w", err)
			}
			if found[a.id], err = answer(a.leaf, a.chain, a.published); err != nil {
				return nil, fmt.Errorf("reading the answer of request %s: %w", a.id.Short(), err)
			}
		}
	}
	return found, nil
}

// content is what an answer is made of.
type content struct {
	id                     pki.ID
	leaf, chain, published []byte
}

func scanContent(rows *sql.Rows) (c content, err error) {
	return c, rows.Scan((*idColumn)(&c.id), &c.leaf, &c.chain, &c.published)
}

// absence says why the ledger does not have the bytes of a request or its certificate.
func (l *Ledger) absence(ctx context.Context, id pki.ID) error {
	var file string
	err := l.reader.QueryRowContext(ctx, `SELECT file FROM archives WHERE num = coalesce(
		(SELECT archive FROM ders JOIN requests ON requests.certificate = ders.certificate WHERE id = ?1),
		(SELECT archive FROM bodies JOIN requests ON request = num WHERE id = ?1))`, id[:]).Scan(&file)
	if err == nil {
		return &Archived{file}
	}
	return err
}

// archivedCertificate says in which file a certificate's bytes are.
func (l *Ledger) archivedCertificate(ctx context.Context, serial string) error {
	var file string
	err := l.reader.QueryRowContext(ctx, `SELECT file FROM archives WHERE num = (SELECT archive FROM ders
		WHERE certificate = (SELECT max(num) FROM certificates WHERE serial = ?))`, packed(serial)).Scan(&file)
	if err != nil {
		return err
	}
	return &Archived{file}
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

package ledger

import (
	"bytes"
	"context"
	"crypto/x509"
	"database/sql"
	"encoding/pem"
	"fmt"
)

// certificates copies the certificates, and takes the PEM of each answer apart: the leaf, and what follows it, which
// is stored once. An answer that would not be built again byte for byte is kept as it is.
func (m *migration) certificates() error {
	var total int64
	row := m.conn.QueryRowContext(context.Background(), "SELECT count(*) FROM v1_certificates")
	if err := row.Scan(&total); err != nil {
		return err
	}
	t := &transfer{migration: m, known: map[string]signedBy{},
		connection: &connection{m.conn, map[prepared]*sql.Stmt{}}}
	for done, last := int64(0), int64(0); done < total; {
		m.progress("certificates", done, total)
		n, err := t.some(&last)
		if err != nil {
			return err
		}
		if n == 0 {
			return fmt.Errorf("%d certificates, of which %d can be read: a PEM is missing", total, done)
		}
		done += n
	}
	for _, s := range t.prepared {
		if err := s.Close(); err != nil {
			return err
		}
	}
	return m.exec("DROP TABLE v1_ders") // its room is used for what follows
}

// transfer copies certificates in portions.
type transfer struct {
	*migration
	*connection
	known                 map[string]signedBy // by issuer's name and chain
	rows, ders, published []any
}

const oldCertificates = `SELECT c.num, c.request, unhex(c.serial), c.issuer, c.status, c.profile, c.requester, r.node,
	c.subject, c.names, CASE c.serial WHEN r.serial THEN unixepoch(r.decided) ELSE unixepoch(c.not_before) END,
	unixepoch(c.not_before), unixepoch(c.not_after), unhex(c.fingerprint), d.answer
	FROM v1_certificates AS c JOIN v1_requests AS r ON r.num = c.request
	JOIN v1_ders AS d ON d.certificate = c.num WHERE c.num > ? ORDER BY c.num LIMIT ?`

// some copies the next portion after the certificate numbered last.
func (t *transfer) some(last *int64) (n int64, err error) {
	t.rows, t.ders, t.published = t.rows[:0], t.ders[:0], t.published[:0]
	if n, err = t.read(last); err != nil {
		return n, err
	}
	for _, write := range []struct {
		bulk
		rows []any
	}{{addCertificates, t.rows}, {addDERs, t.ders}, {addPublished, t.published}} {
		if _, err := t.put(context.Background(), write.bulk, write.rows); err != nil {
			return n, err
		}
	}
	return n, nil
}

func (t *transfer) read(last *int64) (n int64, err error) {
	rows, err := t.migration.conn.QueryContext(context.Background(), oldCertificates, *last, t.migration.rows)
	if err != nil {
		return 0, err
	}
	defer rows.Close()
	for rows.Next() {
		var request, issued, notBefore, notAfter int64
		var serial, fingerprint, published []byte
		var issuer, status, profile, requester, node, subject, names string
		if err := rows.Scan(last, &request, &serial, &issuer, &status, &profile, &requester, &node, &subject, &names,
			&issued, &notBefore, &notAfter, &fingerprint, &published); err != nil {
			return n, err
		}
		leaf, chain := taken(published)
		by, err := t.signedBy(issuer, chain)
		if err != nil {
			return n, err
		}
		t.rows = append(t.rows, *last, request, serial, by.issuer, orNull(by.chain), nil, OriginIssued, status, profile,
			requester, node, subject, names, placeNumber(requester, profile, subject, node, names), false, issued,
			notBefore,
			notAfter, fingerprint)
		t.ders = append(t.ders, *last, leaf)
		if again, err := answer(leaf, chain, nil); err != nil || !bytes.Equal(again, published) {
			t.published = append(t.published, *last, published)
		}
		n++
	}
	return n, rows.Err()
}

// taken gives the leaf of an answer and what follows it, in DER.
func taken(published []byte) (leaf, chain []byte) {
	for {
		block, rest := pem.Decode(published)
		if block == nil {
			return leaf, chain
		}
		if published = rest; leaf == nil {
			leaf = block.Bytes
			continue
		}
		chain = append(chain, block.Bytes...)
	}
}

// signedBy gives the rows of an issuer and a chain. Version 1 kept an issuer's name: its certificate is the first of
// the chain where it is an intermediate, and is filled in by the next certificate it signs where it is a root.
func (t *transfer) signedBy(name string, chain []byte) (by signedBy, err error) {
	key := name + "\x00" + string(chain)
	if by, ok := t.known[key]; ok {
		return by, nil
	}
	w := &writing{ctx: context.Background(), connection: t.connection}
	if by.chain, err = w.chain(chain); err != nil {
		return by, err
	}
	path, err := x509.ParseCertificates(chain)
	if err != nil {
		path = nil // an odd chain: it is kept with the answer
	}
	if len(path) > 0 {
		by.issuer, err = w.authority(name, path[0], t.now)
	} else {
		by.issuer, err = t.unknown(name)
	}
	t.known[key] = by
	return by, err
}

// unknown gives the row of an issuer whose certificate the ledger does not have.
func (t *transfer) unknown(name string) (num int64, err error) {
	if err := t.exec(`INSERT INTO issuers (name, generation, state, since)
		SELECT ?1, 1 + count(*), 'Active', ?2 FROM issuers WHERE name = ?1`, name, seconds(t.now)); err != nil {
		return 0, err
	}
	row := t.migration.conn.QueryRowContext(context.Background(), "SELECT max(num) FROM issuers WHERE name = ?", name)
	return num, row.Scan(&num)
}

package ledger

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Archive is a file with the bytes of certificates that have ended, and of their requests.
type Archive struct {
	File         string // absolute
	SHA256       string // of the file, hex
	Certificates int64
}

// archiveHeader is the first line of an archive.
type archiveHeader struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Before     time.Time `json:"before"`
}

// archiveRow is each further line: a certificate, and the bytes of its request where no other certificate needs them.
type archiveRow struct {
	Serial      string `json:"serial"`
	Issuer      string `json:"issuer"`
	Fingerprint string `json:"fingerprint"` // SHA-256 of der
	DER         []byte `json:"der"`
	Request     string `json:"request"`
	Entry       []byte `json:"entry,omitempty"`
	Notice      []byte `json:"notice,omitempty"`
	Digest      string `json:"digest,omitempty"` // of entry and notice, see bodyDigest; "" where they stay
}

// ErrNothingToArchive means that no certificate ended before that time whose bytes are in the ledger.
var ErrNothingToArchive = errors.New("no certificate to archive")

// archivable are the certificates whose bytes nobody asks for any more: ended, their answer published, and not that of
// a request that waits again.
const archivable = `SELECT c.num, lower(hex(c.serial)), i.name, lower(hex(c.fingerprint)), ders.der, r.num, r.id,
		r.version, r.certificate = c.num AND b.archive IS NULL, b.entry, b.notice
	FROM certificates AS c CROSS JOIN issuers AS i ON i.num = c.issuer CROSS JOIN ders ON ders.certificate = c.num
	CROSS JOIN requests AS r ON r.num = c.request LEFT JOIN bodies AS b ON b.request = r.num
	WHERE c.not_after < ? AND ders.der IS NOT NULL AND r.status = 'Issued'
		AND NOT EXISTS (SELECT 1 FROM published WHERE certificate = c.num)
		AND NOT EXISTS (SELECT 1 FROM answers WHERE request = r.num AND owed) ORDER BY c.num`

// Archive moves the bytes of the certificates that ended before a time, and of their requests, to a file. The order:
//
//  1. A temporary file beside it, mode 0600, fsync, rename to path, fsync of the directory: the bytes are there twice.
//  2. One transaction: the bytes are removed, the rows name the archive, the event Archived has the file's SHA-256. It
//     fails with ErrConflict where a request changed since it was read.
//  3. VACUUM, so that the room is given back. It may fail without harm: the room is used again.
//
// Killed anywhere, the ledger has all bytes or the file has them. A file of that name is taken where it is what would
// be written: one that an interrupted archiving left. Any other is an error (fs.ErrExist).
func (l *Ledger) Archive(ctx context.Context, path string, before, now time.Time) (a Archive, err error) {
	if a.File, err = filepath.Abs(path); err != nil {
		return a, err
	}
	moved, sum, err := l.writeArchive(ctx, a.File, before)
	if err != nil {
		return a, fmt.Errorf("archiving to %q: %w", a.File, err)
	}
	a.SHA256, a.Certificates = hex.EncodeToString(sum), int64(len(moved))
	if err := l.transaction(ctx, func(w *writing) error { return w.archive(a, moved, now) }); err != nil {
		return a, fmt.Errorf("archiving to %q (the ledger is as it was): %w", a.File, err)
	}
	if _, err := l.writer.ExecContext(ctx, "VACUUM"); err == nil {
		l.writer.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)") // a watch that reads meanwhile keeps it from that
	}
	return a, nil
}

// moving is one certificate whose bytes go to the archive.
type moving struct {
	certificate, request, version int64
	digest                        []byte // of the request's bytes; nil where they stay
}

// writeArchive writes the file, durably, and gives what is in it and the SHA-256 of the whole.
func (l *Ledger) writeArchive(ctx context.Context, path string, before time.Time) (_ []moving, sum []byte, err error) {
	temporary := path + ".tmp"
	f, err := os.OpenFile(temporary, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	whole := sha256.New()
	out := bufio.NewWriterSize(io.MultiWriter(f, whole), 1<<20)
	moved, err := l.archiveRows(ctx, out, before)
	if err == nil && len(moved) == 0 {
		err = ErrNothingToArchive
	}
	if err := errors.Join(err, out.Flush(), f.Sync()); err != nil {
		return nil, nil, errors.Join(err, os.Remove(temporary))
	}
	sum = whole.Sum(nil)
	return moved, sum, nameArchive(temporary, path, sum)
}

// archiveRows writes the lines of an archive.
func (l *Ledger) archiveRows(ctx context.Context, out io.Writer, before time.Time) (moved []moving, err error) {
	lines := json.NewEncoder(out)
	if err := lines.Encode(archiveHeader{"ca-exchange/v1", "Archive", before.UTC()}); err != nil {
		return nil, err
	}
	rows, err := l.reader.QueryContext(ctx, archivable, seconds(before))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var m moving
		var line archiveRow
		var whole bool
		var id, entry, notice []byte
		if err := rows.Scan(&m.certificate, &line.Serial, &line.Issuer, &line.Fingerprint, &line.DER, &m.request, &id,
			&m.version, &whole, &entry, &notice); err != nil {
			return nil, err
		}
		if sum := sha256.Sum256(line.DER); hex.EncodeToString(sum[:]) != line.Fingerprint {
			return nil, fmt.Errorf("certificate %s is not what its row says", line.Serial)
		}
		line.Request = hex.EncodeToString(id)
		if whole {
			m.digest = bodyDigest(entry, notice)
			line.Entry, line.Notice, line.Digest = entry, notice, hex.EncodeToString(m.digest)
		}
		if err := lines.Encode(line); err != nil {
			return nil, err
		}
		moved = append(moved, m)
	}
	return moved, rows.Err()
}

// nameArchive gives the temporary file its name, durably, and reads it again: what is removed next is in it.
func nameArchive(temporary, path string, sum []byte) error {
	have, err := sumOf(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if err := os.Rename(temporary, path); err != nil {
			return err
		}
	case err != nil:
		return errors.Join(err, os.Remove(temporary))
	case have != hex.EncodeToString(sum):
		return errors.Join(&fs.PathError{Op: "create", Path: path, Err: fs.ErrExist}, os.Remove(temporary))
	default:
		if err := os.Remove(temporary); err != nil {
			return err
		}
	}
	if err := syncDirectory(filepath.Dir(path)); err != nil {
		return err
	}
	if have, err = sumOf(path); err == nil && have != hex.EncodeToString(sum) {
		err = errors.New("it reads otherwise than it was written")
	}
	return err
}

func sumOf(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return digestOf(f)
}

// archive removes what a file has.
func (w *writing) archive(a Archive, moved []moving, now time.Time) error {
	e := Event{Time: now, Kind: EventArchived, Detail: map[string]string{
		"file": a.File, "sha256": a.SHA256, "certificates": strconv.FormatInt(a.Certificates, 10),
	}}
	if err := w.append(&e, 0); err != nil {
		return err
	}
	result, err := w.conn.ExecContext(w.ctx, `INSERT INTO archives (file, sha256, certificates, event)
		VALUES (?, ?, ?, ?)`, a.File, packed(a.SHA256), a.Certificates, e.Seq)
	if err != nil {
		return err
	}
	num, err := result.LastInsertId()
	if err != nil {
		return err
	}
	// What is owed or changed since it was read is needed again.
	const unchanged = ` AND EXISTS (SELECT 1 FROM requests WHERE num = ? AND version = ?)
		AND NOT EXISTS (SELECT 1 FROM answers WHERE request = ? AND owed)`
	for _, m := range moved {
		if err := w.one(`UPDATE ders SET der = NULL, archive = ? WHERE certificate = ? AND der IS NOT NULL`+unchanged,
			num, m.certificate, m.request, m.version, m.request); err != nil {
			return err
		}
		if m.digest == nil {
			continue
		}
		if err := w.one(`UPDATE bodies SET entry = NULL, notice = NULL, archive = ?, digest = ?
			WHERE request = ? AND archive IS NULL`, num, m.digest, m.request); err != nil {
			return err
		}
	}
	return nil
}

// one runs a statement that must change one row.
func (w *writing) one(query string, args ...any) error {
	n, err := w.changed(query, args...)
	if err == nil && n != 1 {
		err = ErrConflict
	}
	return err
}

// changed runs a statement, prepared once, and gives how many rows it changed.
func (w *writing) changed(query string, args ...any) (int64, error) {
	s, err := w.statement(w.ctx, bulk{head: query}, 0)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(w.ctx, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// hashed is a reader that hashes what it reads.
func hashed(r io.Reader) (*bufio.Reader, hash.Hash) {
	h := sha256.New()
	return bufio.NewReaderSize(io.TeeReader(r, h), 1<<20), h
}

package ledger

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// ErrNotArchive means that a file is not an archive of this ledger, or was changed.
var ErrNotArchive = errors.New("the file is not an archive of this ledger, or it was changed")

// Attach takes the bytes of an archive back, in one transaction: each row's hash, and the SHA-256 of the file, must be
// those that the ledger recorded. The file stays.
func (l *Ledger) Attach(ctx context.Context, path string, now time.Time) (a Archive, err error) {
	if a.File, err = filepath.Abs(path); err != nil {
		return a, err
	}
	if a.SHA256, err = sumOf(a.File); err != nil {
		return a, err
	}
	f, err := os.Open(a.File)
	if err != nil {
		return a, err
	}
	defer f.Close()
	err = l.transaction(ctx, func(w *writing) error { return w.attach(f, &a, now) })
	if err != nil {
		err = fmt.Errorf("attaching %q: %w", a.File, err)
	}
	return a, err
}

func (w *writing) attach(f io.Reader, a *Archive, now time.Time) error {
	var num int64
	row := w.conn.QueryRowContext(w.ctx, "SELECT num FROM archives WHERE sha256 = ?", packed(a.SHA256))
	if err := row.Scan(&num); errors.Is(err, sql.ErrNoRows) {
		return ErrNotArchive
	} else if err != nil {
		return err
	}
	in, whole := hashed(f)
	if _, err := in.ReadBytes('\n'); err != nil { // the header
		return err
	}
	for {
		var line archiveRow
		more, err := nextLine(in, &line)
		if err != nil {
			return err
		}
		if !more {
			break
		}
		if err := w.attachRow(line, num); err != nil {
			return fmt.Errorf("certificate %s: %w", line.Serial, err)
		}
		a.Certificates++
	}
	if hex.EncodeToString(whole.Sum(nil)) != a.SHA256 { // changed since it was hashed
		return ErrNotArchive
	}
	if _, err := w.conn.ExecContext(w.ctx, "DELETE FROM archives WHERE num = ?", num); err != nil {
		return err
	}
	return w.append(&Event{Time: now, Kind: EventAttached, Detail: map[string]string{
		"file": a.File, "sha256": a.SHA256, "certificates": strconv.FormatInt(a.Certificates, 10),
	}}, 0)
}

// nextLine reads one row; more is false at the end.
func nextLine(in *bufio.Reader, line *archiveRow) (more bool, err error) {
	text, err := in.ReadBytes('\n')
	if errors.Is(err, io.EOF) && len(text) == 0 {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, json.Unmarshal(text, line)
}

// attachRow compares a row with what the chain vouches for, and writes its bytes. A request that was decided on since
// has bytes of its own.
func (w *writing) attachRow(line archiveRow, archive int64) error {
	if sum := sha256.Sum256(line.DER); hex.EncodeToString(sum[:]) != line.Fingerprint {
		return ErrNotArchive
	}
	if err := w.one(`UPDATE ders SET der = ?, archive = NULL WHERE archive = ? AND certificate =
		(SELECT num FROM certificates AS c WHERE `+byFingerprint+`)`,
		append([]any{line.DER, archive}, fingerprintArgs(line.Fingerprint)...)...); err != nil {
		return err
	}
	if line.Digest == "" {
		return nil
	}
	digest := bodyDigest(line.Entry, line.Notice)
	if want, err := hex.DecodeString(line.Digest); err != nil || !bytes.Equal(want, digest) {
		return ErrNotArchive
	}
	id, err := hex.DecodeString(line.Request)
	if err != nil {
		return err
	}
	_, err = w.conn.ExecContext(w.ctx, `UPDATE bodies SET entry = ?, notice = ?, archive = NULL, digest = NULL
		WHERE archive = ? AND digest = ? AND request = (SELECT num FROM requests WHERE id = ?)`,
		line.Entry, line.Notice, archive, digest, id)
	return err
}

// Archives lists the archives that have bytes of this ledger, the oldest first.
func (l *Ledger) Archives(ctx context.Context) ([]Archive, error) {
	scan := func(rows *sql.Rows) (a Archive, err error) {
		return a, rows.Scan(&a.File, (*hexText)(&a.SHA256), &a.Certificates)
	}
	return collect(each(ctx, l.reader, scan, "SELECT file, sha256, certificates FROM archives ORDER BY num"))
}

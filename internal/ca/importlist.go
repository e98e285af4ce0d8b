package ca

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"

	"ca-exchange/internal/pki"
)

// RevokedList reads a list of revoked certificates: CSV whose first line names the columns, of which serial (hex) and
// time (RFC 3339) must be there; reason (RFC 5280's name) and issuer (its name here) may.
func RevokedList(path string) iter.Seq2[Foreign, error] {
	return func(yield func(Foreign, error) bool) {
		text, err := readNamed(path, indexLimit)
		if err != nil {
			yield(Foreign{}, err)
			return
		}
		rows := csv.NewReader(bytes.NewReader(text))
		header, err := rows.Read()
		if err != nil && !errors.Is(err, io.EOF) {
			yield(Foreign{}, fmt.Errorf("reading %q: %w", path, err))
			return
		}
		at := func(column string) int { return slices.Index(header, column) }
		if at("serial") < 0 || at("time") < 0 {
			yield(Foreign{}, fmt.Errorf("%q: its first line must name the columns serial and time", path))
			return
		}
		for {
			row, err := rows.Read()
			if errors.Is(err, io.EOF) {
				return
			}
			if err != nil {
				yield(Foreign{}, fmt.Errorf("reading %q: %w", path, err))
				return
			}
			line, _ := rows.FieldPos(0)
			f := Foreign{Where: path + ":" + strconv.Itoa(line)}
			f.Problem = f.readRow(func(column string) string {
				if i := at(column); i >= 0 {
					return row[i]
				}
				return ""
			})
			if !yield(f, nil) {
				return
			}
		}
	}
}

// readRow reads a row of a list of revoked certificates by its columns.
func (f *Foreign) readRow(cell func(column string) string) (err error) {
	r := pki.Revocation{}
	if r.Serial, err = pki.ParseSerial(strings.ReplaceAll(cell("serial"), ":", "")); err != nil {
		return err
	}
	if r.Time, err = time.Parse(time.RFC3339, cell("time")); err != nil {
		return fmt.Errorf("%+q is not a time (example: 2026-01-31T12:00:00Z)", cell("time"))
	}
	if name := cell("reason"); name != "" {
		if r.Reason, err = pki.ParseReason(name); err != nil {
			return err
		}
	}
	if err := r.Check(); err != nil {
		return err
	}
	f.Serial, f.Issuer, f.Revoked = r.Serial, cell("issuer"), &r
	return nil
}

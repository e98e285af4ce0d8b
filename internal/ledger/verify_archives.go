package ledger

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
)

// archives compares each archive with its event and with the certificates whose bytes it has; archived counts them.
func (v *verification) archives(ctx context.Context, db *sql.DB, archived map[int64]int64) error {
	type row struct {
		num int64
		Archive
		event        int64
		kind, detail sql.NullString
	}
	scan := func(rows *sql.Rows) (r row, err error) {
		return r, rows.Scan(&r.num, &r.File, (*hexText)(&r.SHA256), &r.Certificates, &r.event, &r.kind, &r.detail)
	}
	query := `SELECT num, file, sha256, certificates, event, kind, detail
		FROM archives LEFT JOIN events ON seq = event ORDER BY num`
	for r, err := range each(ctx, db, scan, query) {
		if err != nil {
			return err
		}
		var says map[string]string
		if r.kind.String != EventArchived || json.Unmarshal([]byte(r.detail.String), &says) != nil ||
			says["file"] != r.File || says["sha256"] != r.SHA256 ||
			says["certificates"] != strconv.FormatInt(r.Certificates, 10) {
			v.differ(ofCertificates, "archive %q is not what event %d recorded", r.File, r.event)
		}
		if archived[r.num] != r.Certificates {
			v.differ(ofCertificates, "archive %q has %d certificates, of the ledger's %d are in it", r.File,
				r.Certificates,
				archived[r.num])
		}
		delete(archived, r.num)
	}
	for num, n := range archived {
		v.differ(ofCertificates, "%d certificates are in archive %d, which the ledger does not have", n, num)
	}
	return nil
}

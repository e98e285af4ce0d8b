package ledger

import (
	"strings"
	"testing"
	"time"
)

// TestPlans holds what SQLite reads first and by which index: none of the questions that a pass, a renewal or `show`
// asks may grow with the table.
func TestPlans(t *testing.T) {
	l := fresh(t)
	requests := "SELECT " + requestColumns + " FROM requests AS r WHERE "
	for _, test := range []struct{ name, query, want string }{
		{"lookup", requests + "r.id IN (?, ?)", "SEARCH r USING INDEX sqlite_autoindex_requests_1 (id=?)"},
		{"prefix", requests + "r.id >= ? AND r.id <= ? LIMIT 3",
			"SEARCH r USING INDEX sqlite_autoindex_requests_1 (id>? AND id<?)"},
		{"pending", requests + "r.status = 'Held' ORDER BY r.received, r.id", "SCAN r USING INDEX requests_held"},
		{"named", requests + namedRequests, "SEARCH r USING INTEGER PRIMARY KEY (rowid=?) / " +
			"SEARCH answers USING INDEX answers_name (<expr>=?) / SCAN requests USING INDEX requests_held"},
		{"owners", ownersQuery(largestChunk), "SEARCH answers USING INDEX answers_name (<expr>=?)"},
		{"owed", owedQuery, "SEARCH places USING COVERING INDEX sqlite_autoindex_places_1 (exchange=?)" +
			" / SEARCH answers USING INDEX answers_owed (place=?)"},
		{"issuer of version 1", migratedQuery, "SEARCH issuers USING INDEX sqlite_autoindex_issuers_2 (name=?)" +
			" / SCAN certificates / SEARCH ders USING INTEGER PRIMARY KEY (rowid=?)"},
		{"fingerprint", "SELECT num FROM certificates AS c WHERE " + byFingerprint,
			"SEARCH c USING INDEX certificates_fingerprint (<expr>=?)"},
		{"unlinked", unlinkedQuery(largestChunk), "SEARCH r USING INDEX requests_recovered (key_fingerprint=?)" +
			" / SEARCH c USING INTEGER PRIMARY KEY (rowid=?) / SEARCH events USING INTEGER PRIMARY KEY (rowid=?)" +
			" / SEARCH q USING INDEX requests_recovered (key_fingerprint=?)"},
		{"recent", recentQuery(largestChunk),
			"SCAN place / SEARCH c USING INDEX certificates_place (place=? AND superseded=? AND issued>?)"},
		{"change", changeRequests.query(largestChunk),
			"SCAN new / SEARCH requests USING INTEGER PRIMARY KEY (rowid=?)"},
		{"mark", markAnswers.query(largestChunk), "SEARCH answers USING INTEGER PRIMARY KEY (rowid=?) / SCAN new" +
			" / SEARCH a USING INDEX answers_name (<expr>=? AND place=?) / SEARCH r USING INTEGER PRIMARY KEY"},
		{"supersede", supersedePlaces.query(largestChunk),
			"SCAN new / SEARCH c USING INTEGER PRIMARY KEY (rowid=?) / " +
				"SEARCH s USING INDEX certificates_place (place=? AND superseded=?)"},
		{"renewed", supersedeRenewed.query(largestChunk), "SEARCH certificates USING INTEGER PRIMARY KEY (rowid=?)"},
		{"misstated", misstated, "SCAN c / " +
			"SEARCH s USING INDEX certificates_place (place=? AND superseded=? AND issued>?) / " +
			"SEARCH s USING INDEX certificates_replaces (replaces=?) / " +
			"SEARCH s USING INDEX certificates_place (place=? AND superseded=? AND issued>?)"},
		{"missing", issuedOnly, "SCAN e / SEARCH r USING INTEGER PRIMARY KEY (rowid=?) / " +
			"SEARCH certificates USING INTEGER PRIMARY KEY (rowid=?) / " +
			"SEARCH c USING INDEX sqlite_autoindex_certificates_1 (serial=?)"},
		{"verify certificates", storedByEvents, "SCAN e / SEARCH asked USING INTEGER PRIMARY KEY (rowid=?) / " +
			"SEARCH c USING INTEGER PRIMARY KEY (rowid=?) / SEARCH i USING INTEGER PRIMARY KEY (rowid=?)"},
		{"verify requests", askedByEvents, "SCAN e / SEARCH r USING INTEGER PRIMARY KEY (rowid=?) / " +
			"SEARCH bodies USING INTEGER PRIMARY KEY (rowid=?)"},
	} {
		if got := plan(t, l, test.query); !strings.Contains(got, test.want) {
			t.Errorf("%s: %s\nwant %s", test.name, got, test.want)
		}
	}
}

// TestListPlans: a list with a filter reads what it shows.
func TestListPlans(t *testing.T) {
	l := fresh(t)
	rest := func(f Filter) string {
		query, _ := f.query()
		return "SELECT " + listedColumns + fromCertificates + query
	}
	ends := Filter{EndsFrom: time.Now(), EndsUntil: time.Now()}
	for _, test := range []struct{ name, query, want string }{
		{"by node", rest(Filter{Node: "cp1"}), "SEARCH c USING INDEX certificates_node (node=?)"},
		{"what superseded it", rest(Filter{Node: "cp1"}), "SEARCH s USING INDEX certificates_replaces (replaces=?) / " +
			"SEARCH s USING INDEX certificates_place (place=? AND superseded=? AND issued>?)"},
		{"by requester", rest(Filter{Requester: "x"}), "SEARCH c USING INDEX certificates_requester (requester=?)"},
		{"expiring", rest(ends), "SEARCH c USING INDEX certificates_expiry (not_after>? AND not_after<?)"},
		{"all", rest(Filter{}), "SCAN c USING INDEX certificates_expiry"},
		{"in use", rest(Filter{Current: true}), "SCAN c USING INDEX certificates_current"},
		{"in use, by profile", rest(Filter{Current: true, Profile: "x"}),
			"SEARCH c USING INDEX certificates_profile (profile=?)"},
		{"in use, by requester", rest(Filter{Current: true, Requester: "x"}),
			"SEARCH c USING INDEX certificates_requester (requester=? AND superseded=?)"},
		{"in use, expiring", rest(Filter{Current: true, EndsFrom: ends.EndsFrom, EndsUntil: ends.EndsUntil}),
			"SEARCH c USING INDEX certificates_current (not_after>? AND not_after<?)"},
		{"in use, by fingerprint", rest(Filter{Current: true, Status: Valid, Fingerprint: "ab", EndsFrom: ends.EndsFrom,
			Limit: 1}), "SEARCH c USING INDEX certificates_fingerprint (<expr>=?)"},
		{"newest", rest(Filter{Order: ByIssue}), "SCAN c"},
	} {
		if got := plan(t, l, test.query); !strings.Contains(got, test.want) {
			t.Errorf("%s: %s\nwant %s", test.name, got, test.want)
		}
	}
}

// plan gives the steps of SQLite's plan for a query.
func plan(t *testing.T, l *Ledger, query string) string {
	t.Helper()
	values := make([]any, strings.Count(query, "?"))
	rows, err := l.reader.Query("EXPLAIN QUERY PLAN "+query, values...)
	must(t, err)
	defer rows.Close()
	var steps []string
	for rows.Next() {
		var id, parent, unused int
		var step string
		must(t, rows.Scan(&id, &parent, &unused, &step))
		kind, _, _ := strings.Cut(step, " ")
		if kind == "SEARCH" || kind == "SCAN" && !strings.Contains(step, "CONSTANT ROW") {
			steps = append(steps, step)
		}
	}
	must(t, rows.Err())
	return strings.Join(steps, " / ")
}

// TestTemporary: what a statement keeps for its rollback is in memory; a VACUUM, on another connection, uses a file.
func TestTemporary(t *testing.T) {
	l := fresh(t)
	var writing, other int
	must(t, l.write.conn.QueryRowContext(t.Context(), "PRAGMA temp_store").Scan(&writing))
	must(t, l.writer.QueryRowContext(t.Context(), "PRAGMA temp_store").Scan(&other))
	if writing != 2 || other != 0 {
		t.Errorf("temp_store is %d where batches are written and %d elsewhere, expected 2 and 0", writing, other)
	}
}

// Package ledger remembers what was asked, decided, issued and published: one SQLite file in the CA directory, durable
// before anything leaves, with an event log in which every row holds the hash of the one before.
//
// It decides nothing. Record is one transaction for a whole batch and refuses what would break a promise: a second
// certificate for a request, a serial used twice, a change of status that is not legal (status.go), a row that another
// process changed meanwhile. Times are RFC 3339 UTC, ids, serials and hashes lower-case hex, lists JSON: readable with
// the sqlite3 shell (docs/ledger.md).
package ledger

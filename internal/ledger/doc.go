// Package ledger remembers what was asked, decided, issued and published: one SQLite file in the CA directory, durable
// before anything leaves, with an event log in which every row holds the hash of the one before.
//
// It decides nothing. Record is one transaction for a whole batch and refuses what would break a promise: a second
// certificate for a request, a serial used twice by an issuer, a change of status that is not legal (status.go), a row
// that another process changed meanwhile. Verify compares everything with the events that vouch for it. In Go, ids are
// pki.ID, serials and fingerprints lower-case hex; the file holds bytes (schema.sql), and docs/ledger.md says how to
// read it with the sqlite3 shell.
//
// The way of a batch: build.go makes changes of decisions, record.go and steps.go write them, bulks.go has the
// statements, connection.go the transaction, writing.go the chain's end and the counters. What is read: requests.go,
// certificates.go, filter.go, history.go, answers.go, content.go. migrate*.go bring version 1 here.
package ledger

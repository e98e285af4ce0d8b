// Package cli is the user interface that both programs share: the error, warning and hint lines, exit statuses, tables
// and JSON, questions on a terminal, progress and the logger. It has no knowledge of certificates.
package cli

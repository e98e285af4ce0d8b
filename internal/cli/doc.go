// Package cli is what both programs share at their border with people: the error, warning and hint lines, exit
// statuses, tables and JSON, questions on a terminal, progress and the logger. It knows nothing of certificates.
package cli

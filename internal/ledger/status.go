package ledger

import (
	"errors"
	"fmt"
)

// Status is the outcome of a request so far.
type Status string

const (
	Held   Status = "Held"   // a person or new rules decide
	Issued Status = "Issued" // it has a certificate
	Denied Status = "Denied" // final, unless a person reopens it

	// Superseded: still held when its requester asked again for the same; no policy signs it any more.
	Superseded Status = "Superseded"
)

// Kind says what the id of a row names. The kinds are made from different preimages (package pki, id.go), and a row
// keeps its kind: a file that somebody prepared can never settle the request of another.
type Kind string

const (
	KindRequest Kind = "Request" // a well-formed request
	KindRefused Kind = "Refused" // the bytes of an entry that was read and refused
	KindUnread  Kind = "Unread"  // an entry that was refused before it was read: a link, or too large

	// KindCertificate: a certificate whose request the ledger never saw, imported or found in an outbox.
	KindCertificate Kind = "Certificate"
)

// absent is the status of an id that has no row yet.
const absent Status = ""

// steps are the legal changes of a request's status. What is missing here cannot be recorded: above all, an issued
// request is never denied, and a denial is reopened by a person only.
var steps = []struct {
	from, to Status
	byPolicy bool // a person may take every step of this table
}{
	{absent, Held, true},
	{absent, Issued, true},
	{absent, Denied, true},
	{Held, Held, true},
	{Held, Issued, true},
	{Held, Denied, true},
	{Held, Superseded, true},
	{Issued, Held, true}, // the certificate has ended or will soon: a person decides on another
	{Issued, Issued, false},
	{Denied, Denied, true},
	{Denied, Held, false},
	{Denied, Issued, false},
	{Superseded, Issued, false},
	{Superseded, Denied, false},
}

// illegal gives the reason why a change cannot follow on what the ledger has; nil where it can.
func (c *Change) illegal(was recorded) error {
	to := c.Request
	switch {
	case c.OnlyAnswers && was.status == absent:
		return errors.New("further names for a request that is not recorded")
	case c.OnlyAnswers:
		return nil
	case to.Kind == "":
		return errors.New("the change does not name the kind of its id")
	case was.status != absent && was.kind != to.Kind:
		return fmt.Errorf("the row is of kind %s, the change of kind %s", was.kind, to.Kind)
	case !to.Kind.takes(to.Status):
		return fmt.Errorf("a row of kind %s cannot become %s", to.Kind, to.Status)
	case c.Linked != "" && was.serial != "":
		return fmt.Errorf("it has certificate %s already", was.serial)
	case c.Certificate != nil && was.serial != "" && !c.ByPerson:
		return fmt.Errorf("it has certificate %s already", was.serial)
	}
	for _, s := range steps {
		switch {
		case s.from != was.status || s.to != to.Status:
		case s.byPolicy || c.ByPerson:
			return nil
		default:
			return fmt.Errorf("it is %s: only a person can make it %s", was.status, to.Status)
		}
	}
	return fmt.Errorf("it is %s and cannot become %s", was.status, to.Status)
}

// takes reports whether a row of this kind can have a status.
func (k Kind) takes(s Status) bool {
	switch k {
	case KindRequest:
		return true
	case KindCertificate:
		return s == Issued
	}
	return s == Denied
}

// recorded is what the ledger holds of an id when a change of it is written; the zero value where it holds nothing.
type recorded struct {
	tally
	num, version int64
	kind         Kind
	serial       string
	certificate  int64 // the present one's row
	entry        []byte
	notice       []byte
	body         []byte // digest of both, where they are archived
}

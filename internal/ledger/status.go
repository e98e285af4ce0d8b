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
)

// Kind says what the id of a row names. The kinds are made from different preimages (package pki, id.go), and a row
// keeps its kind: a file that somebody prepared can never settle the request of another.
type Kind string

const (
	KindRequest Kind = "Request" // a well-formed request
	KindRefused Kind = "Refused" // the bytes of an entry that was read and refused
	KindUnread  Kind = "Unread"  // an entry that was refused before it was read: a link, or too large
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
	{Issued, Held, true}, // the certificate has ended or will soon: a person decides on another
	{Issued, Issued, false},
	{Denied, Denied, true},
	{Denied, Held, false},
	{Denied, Issued, false},
}

// illegal gives the reason why a change cannot follow on what the ledger has; nil where it can.
func (c *Change) illegal(was recorded) error {
	to := c.Request
	switch {
	case to.Kind == "":
		return errors.New("the change does not name the kind of its id")
	case was.status != absent && was.kind != to.Kind:
		return fmt.Errorf("the row is of kind %s, the change of kind %s", was.kind, to.Kind)
	case to.Kind != KindRequest && to.Status != Denied:
		return fmt.Errorf("a row of kind %s cannot become %s", to.Kind, to.Status)
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

// recorded is what the ledger holds of an id when a change of it is written; the zero value where it holds nothing.
type recorded struct {
	num, version int64
	status       Status
	kind         Kind
	serial       string
}

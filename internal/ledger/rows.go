package ledger

import (
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// Status is what became of a request.
type Status string

const (
	Held   Status = "Held"
	Issued Status = "Issued"
	Denied Status = "Denied"
)

// Request is one request's row. Version is the one that was read: Record refuses a change of another.
type Request struct {
	ID             pki.ID
	Status         Status
	Version        int64
	Name           string // of the entry it first came as
	Profile        string
	Requester      string
	SSHFingerprint string
	KeyFingerprint string
	Node           string
	Subject        string
	Names          []string
	Refusals       []refusal.Refusal
	Reason         string // TitleCase, as in the notice
	Authenticated  bool   // signed by an enrolled requester
	Size           int    // of the entry, bytes
	Serial         string // of its certificate, "" while it has none
	Received       time.Time
	Decided        time.Time
}

// Certificate is one issued certificate's row.
type Certificate struct {
	Serial         string
	Request        pki.ID
	Profile        string
	Subject        string
	Names          []string
	Issuer         string
	NotBefore      time.Time
	NotAfter       time.Time
	Status         string // "Issued"
	Requester      string
	Fingerprint    string
	KeyFingerprint string
}

// Address is a name in one team's part of one exchange's outbox, without the suffix that says what lies there.
type Address struct{ Exchange, Team, Name string }

// Folded is the address by which two names that a file system may take for one are one.
func (a Address) Folded() Address { return Address{a.Exchange, a.Team, Fold(a.Name)} }

// Answer says that an address belongs to a request, and whether the request's present answer lies there durably.
type Answer struct {
	Address
	Request   pki.ID
	Version   int64 // of the request, whose answer was published: for MarkPublished
	Published bool
}

// Change is one request's whole step. Entry and Notice are stored where not nil; Certificate where there is one.
type Change struct {
	Request     Request
	Entry       []byte
	Notice      []byte
	Certificate *Certificate
	AnswerPEM   []byte // the certificate as published: leaf and chain
	Reissue     bool   // a person or a new cover may have a second certificate for this request
	Answers     []Answer
	Event       *Event // nil where nothing happened but another name for a known answer
	Unchanged   bool   // only the answers are new
}

// Event is one row of the log. Record sets Seq, Previous and Hash.
type Event struct {
	Seq      int64
	Time     time.Time
	Kind     string
	Request  string
	Serial   string
	Detail   map[string]string
	Previous string
	Hash     string
}

// The kinds of events.
const (
	EventCreated       = "Created"
	EventIssued        = "Issued"
	EventHeld          = "Held"
	EventDenied        = "Denied"
	EventApproved      = "Approved"
	EventClockAccepted = "ClockAccepted"
	EventRulesChanged  = "RulesChanged"
)

package ledger

import (
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// Request is the row of one id. Version is the one that was read: Record refuses a change of another.
type Request struct {
	ID             pki.ID
	Kind           Kind // of the id
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

// Recorded reports whether the ledger has this row. The zero Request, which Lookup's map gives for an unknown id, is
// not recorded; neither is one that Record is about to add.
func (r Request) Recorded() bool { return r.Version > 0 }

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

// Address is a name in one team's part of one exchange's outbox, without the suffix of the file that is there.
type Address struct{ Exchange, Team, Name string }

// Folded is the form in which two names that a file system may not distinguish are equal.
func (a Address) Folded() Address { return Address{a.Exchange, a.Team, fold(a.Name)} }

// Answer assigns an address to a request.
type Answer struct {
	Address
	Request   pki.ID
	Version   int64 // of the request whose answer was published: for MarkPublished
	Published bool  // the request's present answer is durably in the outbox
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

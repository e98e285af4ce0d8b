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
	SSHFingerprint string // "SHA256:" and base64, as ssh-keygen prints it
	KeyFingerprint string // SHA-256 of the SubjectPublicKeyInfo, hex
	Node           string
	Subject        string
	Names          []string
	Refusals       []refusal.Refusal
	Reason         string // TitleCase, as in the notice
	Authenticated  bool   // signed by an enrolled requester
	Size           int    // of the entry, bytes
	Serial         string // of its present certificate, hex; "" while it has none
	Received       time.Time
	Decided        time.Time
}

// Recorded reports whether the ledger has this row. The zero Request, which Lookup's map gives for an unknown id, is
// not recorded; neither is one that Record is about to add.
func (r Request) Recorded() bool { return r.Version > 0 }

// Certificate is one certificate's row. Fingerprints are SHA-256, hex.
type Certificate struct {
	Serial         string
	Request        pki.ID
	Origin         Origin
	Status         string // Valid or Revoked
	Profile        string
	Requester      string
	Node           string
	Subject        string
	Names          []string
	Issuer         string
	Generation     int    // of the issuer, from 1
	Replaces       string // fingerprint of the certificate that this one renews, "" where it renews none
	Issued         time.Time
	NotBefore      time.Time
	NotAfter       time.Time
	Fingerprint    string // of the DER
	KeyFingerprint string // of the SubjectPublicKeyInfo
}

// The status of a certificate.
const (
	Valid   = "Issued"
	Revoked = "Revoked"
)

// Origin says how a certificate came into the ledger.
type Origin string

const (
	OriginIssued    Origin = "Issued"    // signed and recorded here
	OriginImported  Origin = "Imported"  // from another CA's records
	OriginRecovered Origin = "Recovered" // found in an outbox: a restored ledger had lost it
)

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
	Request  string // hex id, "" where it is about no request
	Serial   string // of the request's certificate at that time
	Detail   map[string]string
	Previous string
	Hash     string
}

// The kinds of events.
const (
	EventCreated       = "Created"
	EventIssued        = "Issued"
	EventApproved      = "Approved"          // issued by a person
	EventSubordinate   = "SubordinateSigned" // a CA below an issuer, by a person; detail.limits
	EventRenewed       = "Renewed"           // issued; detail.replaces: the fingerprint of what it renews
	EventRecovered     = "Recovered"
	EventImported      = "Imported"
	EventHeld          = "Held"
	EventDenied        = "Denied"
	EventSuperseded    = "Superseded"
	EventRevoked       = "Revoked"
	EventCRLSigned     = "CRLSigned"
	EventAuthority     = "Authority" // an issuer's certificate came into use; detail.issuer, detail.fingerprint
	EventAdopted       = "Adopted"   // the last issuer has its parent's signature; detail.trust
	EventClockAccepted = "ClockAccepted"
	EventRulesChanged  = "RulesChanged"
	EventMigrated      = "Migrated" // detail.copy is the SHA-256 of the copy that was made before
	EventRestored      = "Restored"
	EventArchived      = "Archived" // bytes were moved to a file; detail.file, .sha256, .certificates
	EventAttached      = "Attached" // and taken back from one
)

// outcome gives the status that an event of a kind leaves its request in; "" where it changes none.
func outcome(kind string) Status {
	switch kind {
	case EventIssued, EventApproved, EventSubordinate, EventRenewed, EventRecovered, EventImported:
		return Issued
	case EventHeld:
		return Held
	case EventDenied:
		return Denied
	case EventSuperseded:
		return Superseded
	}
	return absent
}

// Package report draws what a CA knows for people and for other programs: a page for a browser and a calendar. It takes
// plain values and a time, and touches no file; it knows nothing of the ledger.
package report

import "time"

// Report is what there is to say of a CA.
type Report struct {
	Trust        string // fingerprint
	Head         string // the ledger's last event, SEQ:HASH
	HeadTime     time.Time
	Now          time.Time
	Issuers      []Issuer
	CRLs         []CRL
	Certificates []Certificate // in use, in the order of their places
	More         int           // certificates in use that are not among them
	Held         []Request
	MoreHeld     int
	Refused      []Request // denied within the last 90 days, the newest first
	MoreRefused  int
	Reporting    int    // hosts that lately reported what is installed there
	Silent       []Host // those that did not, and have certificates in use
	MoreSilent   int
	Problems     []string // what keeps the CA from serving
	Next         []Step   // what to do, the most urgent first
}

// Issuer is a CA certificate.
type Issuer struct {
	Name     string
	Subject  string
	NotAfter time.Time
	Key      string // what guards its key at rest
}

// Certificate is one that is in use.
type Certificate struct {
	Place               string // profile@node, or profile@name
	Node                string // "" where it has none
	Serial              string
	Issuer              string
	Status              string // Issued, Due, Overdue or Expired
	NotBefore, NotAfter time.Time
	Due                 time.Time
	LastVisit           time.Time // the last visit of a carried exchange that saves it; zero where none is carried
}

// CRL is an issuer's list of revoked certificates.
type CRL struct {
	Issuer     string
	Number     int64 // 0: none was signed yet
	Entries    int
	NextUpdate time.Time
	Status     string // Issued, Due or Expired, as of certificates
}

// Request is one that waits for a person, or was denied. Time is when it was received, or denied.
type Request struct {
	ID, Subject, Requester, Profile, Reason string
	Time                                    time.Time
}

// Host is one that has fallen silent.
type Host struct {
	Node, Requester string
	Since           time.Time // its last report
	Certificates    int       // that it had then
	Ends            time.Time // the first of them
}

// Step is something to be done.
type Step struct {
	Text    string
	Command string // "" where no single command does it
}

const (
	// window is how long a time the page shows, in days: a month back, and two years less a month on.
	window     = 730
	windowBack = 30
)

// first is the first day that the page shows.
func (r Report) first() time.Time { return r.Now.UTC().Truncate(day).Add(-windowBack * day) }

const day = 24 * time.Hour

// Bar is where a time of validity lies in the window, in days from its left.
type Bar struct{ X, Width, Due int }

// bar cuts what is outside of the window; at least a day of every certificate is seen.
func (r Report) bar(c Certificate) Bar {
	at := func(t time.Time) int { return min(max(int(t.Sub(r.first())/day), 0), window) }
	from, to := min(at(c.NotBefore), window-1), at(c.NotAfter)
	return Bar{X: from, Width: max(to-from, 1), Due: at(c.Due)}
}

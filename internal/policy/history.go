package policy

import (
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// History is what the ledger knows of a request's place. The zero value is that of a first request. It is plain data:
// the caller joins it from the ledger, for a whole batch at once.
type History struct {
	// Replaced is the certificate that the cover's Replaces line names; nil where the ledger does not have it.
	Replaced *Replaced
	// Recent are the certificates of the same requester, profile, subject and names (those of the plan) that were
	// issued in the last 24 hours, the oldest first. Whoever decides a batch adds what the batch itself issues.
	Recent []Recent
}

// Replaced is a certificate that a request wants to replace.
type Replaced struct {
	Fingerprint string // SHA-256 of the DER, lower-case hex
	Requester   string // "" where no enrolled requester asked for it
	Profile     string
	Subject     string   // as pki.Plan.Subject writes it
	Names       []string // as pki.Names.Strings writes them
	Key         string   // SHA-256 of the SubjectPublicKeyInfo, lower-case hex
	Imported    bool     // from another CA's records: nobody here asked for it
	Revoked     bool
	Compromised bool // revoked, since its key is known to others
	Successors  []Successor
}

// Successor is a certificate that replaced another.
type Successor struct {
	Requester string
	Key       string // as Replaced.Key
	Issued    time.Time
}

// Recent is a certificate issued in the last 24 hours.
type Recent struct {
	Request     pki.ID // the request that it was issued to
	Fingerprint string
	Replaces    string // fingerprint of the certificate that it renewed; "" for a first one
	Issued      time.Time
}

// The bounds of certificate-rate. They stop a host that renews in a loop; they never slow hosts that renew once.
const (
	rateWindow    = 24 * time.Hour
	lineageMost   = 3      // successors in one lineage within the window
	defaultPerDay = 20     // first certificates of one place within the window, where policy.yaml says nothing
	perDayLimit   = 10_000 // the most that policy.yaml may say
)

// renewal is what became of the cover's Replaces line.
type renewal struct {
	replaces string    // fingerprint of the certificate that this one renews; "" for a first certificate
	note     string    // why the line counts for nothing
	again    time.Time // when a request held for its rate is to be decided again
}

// settleRenewal decides whether the certificate renews another, and holds what a person should look at. A renewal is
// never harder than a first request: a Replaces line that does not hold is left out of account, and so a neighbour who
// names somebody's certificate changes nothing for its owner.
func (j *judgement) settleRenewal(s settled, names []string, subject string) renewal {
	cover := j.Request.Cover
	if s.requester == nil {
		return renewal{} // whoever is not enrolled waits for a person, who is shown what would be replaced
	}
	if cover == nil || cover.Replaces == "" {
		return renewal{again: j.checkFirsts()}
	}
	old := j.History.Replaced
	if old != nil && old.Compromised && old.Key == j.Request.CSR.Fingerprint {
		j.refuse(refusal.KeyBlocked, "key", old.Key, "a new key: this one is known to others")
	}
	if note := foreign(old, s, names, subject); note != "" {
		return renewal{note: "replaces ignored: " + note, again: j.checkFirsts()}
	}
	if old.Revoked {
		j.refuse(refusal.Renewal, "cover.Replaces", cover.Replaces, "a certificate that is not revoked")
	}
	for _, successor := range old.Successors {
		if successor.Requester != s.requester.Name && successor.Key != j.Request.CSR.Fingerprint {
			j.refuse(refusal.RenewalFork, "cover.Replaces", cover.Replaces,
				"a certificate that nobody else has replaced")
		}
	}
	return renewal{replaces: old.Fingerprint, again: j.checkLineage(old)}
}

// foreign says why a certificate is not this requester's to replace; "" where it is.
func foreign(old *Replaced, s settled, names []string, subject string) string {
	switch {
	case old == nil:
		return "the ledger does not have that certificate"
	case old.Profile != s.profile.Name:
		return "that certificate has another profile"
	case old.Requester == s.requester.Name:
		return ""
	case old.Imported && old.Subject == subject && pki.EqualSets(old.Names, names):
		return ""
	}
	return "that certificate is not this requester's"
}

// checkFirsts bounds first certificates of one place; it returns when a held request may be decided again.
func (j *judgement) checkFirsts() time.Time {
	var issued []time.Time
	for _, r := range j.History.Recent {
		if r.Replaces == "" {
			issued = append(issued, r.Issued)
		}
	}
	return j.checkRate(issued, j.policy.perDay())
}

// checkLineage bounds successors: those in the chain that ends in old, and those of old itself. Other hosts of the same
// place have chains of their own: 200 of them renew in one night.
func (j *judgement) checkLineage(old *Replaced) time.Time {
	var issued []time.Time
	for at, more := old.Fingerprint, true; more; {
		more = false
		for _, r := range j.History.Recent {
			if r.Fingerprint == at && r.Replaces != "" {
				issued = append([]time.Time{r.Issued}, issued...)
				at, more = r.Replaces, len(issued) <= lineageMost
				break
			}
		}
	}
	for _, successor := range old.Successors {
		issued = append(issued, successor.Issued)
	}
	return j.checkRate(issued, lineageMost)
}

// checkRate holds a request where most certificates or more were issued within the window.
func (j *judgement) checkRate(issued []time.Time, most int) time.Time {
	var within []time.Time
	for _, t := range issued {
		if j.Now.Sub(t) < rateWindow {
			within = append(within, t)
		}
	}
	if len(within) < most {
		return time.Time{}
	}
	// The window is free again once the oldest of the last `most` has left it.
	again := within[len(within)-most].Add(rateWindow)
	j.refuse(refusal.CertificateRate, "request", "", "again by itself from "+pki.Stamp(again))
	return again
}

package main

import (
	"strconv"
	"strings"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
)

// certificate is a certificate of the ledger with how it stands at a time.
type certificate struct {
	ledger.Listed
	status string
	due    time.Time

	installed *ca.Installation // what its host says; nil where nobody asked
}

// How a certificate stands, beside ledger.Valid (and not due) and ledger.Revoked.
const (
	due        = "Due"
	overdue    = "Overdue"
	expired    = "Expired"
	superseded = "Superseded"
)

// standing is how a certificate stands. When it is due follows from the certificate alone, as on the host that has it.
func standing(k ledger.Listed, now time.Time) certificate {
	at := pki.RenewalDue(k.NotBefore, k.NotAfter, k.Fingerprint, pki.RenewalRule{})
	s := certificate{Listed: k, status: ledger.Valid, due: at}
	switch {
	case k.Status == ledger.Revoked:
		s.status = ledger.Revoked
	case k.Superseded:
		s.status = superseded
	case now.After(k.NotAfter):
		s.status = expired
	case now.After(pki.RenewalOverdue(at, k.NotAfter)):
		s.status = overdue
	case !now.Before(at):
		s.status = due
	}
	return s
}

// isDue reports whether it wants a successor now.
func (k certificate) isDue() bool {
	return k.status == due || k.status == overdue || k.status == expired
}

// certificateColumns are the columns of `list`.
var certificateColumns = []cli.Column{
	{Name: "CERTIFICATE"}, {Name: "SERIAL", Rank: 1}, {Name: "EXPIRES"}, {Name: "RESIDUAL"}, {Name: "DUE", Rank: 2},
	{Name: "ISSUER", Rank: 4}, {Name: "REQUESTER", Rank: 3}, {Name: "STATUS"},
}

const day = "2006-01-02"

func (k certificate) row(now time.Time) []string {
	return []string{
		k.place(), k.Serial, k.NotAfter.Format(day), cli.Residual(k.NotAfter, now), k.due.Format(day), k.Issuer,
		dash(k.Requester), k.status,
	}
}

// place is what a person knows a certificate by: its profile and its node; without a node its first name, or its
// subject's common name.
func (k certificate) place() string {
	where := k.Node
	if where == "" && len(k.Names) > 0 {
		_, where, _ = strings.Cut(k.Names[0], ":")
	}
	if where == "" {
		where, _, _ = strings.Cut(strings.TrimPrefix(k.Subject, `CN="`), `"`)
	}
	if where == "" {
		return k.Profile
	}
	return k.Profile + "@" + where
}

// certificateItem is an item of `list -o json`.
type certificateItem struct {
	Serial      string    `json:"serial"`
	Request     string    `json:"request"`
	Profile     string    `json:"profile"`
	Node        string    `json:"node"`
	Subject     string    `json:"subject"`
	Names       []string  `json:"names"`
	Issuer      string    `json:"issuer"`
	NotBefore   time.Time `json:"notBefore"`
	NotAfter    time.Time `json:"notAfter"`
	Due         time.Time `json:"due"`
	Status      string    `json:"status"`
	Requester   string    `json:"requester"`
	Fingerprint string    `json:"fingerprint"`
	Replaces    string    `json:"replaces"`   // fingerprint of the certificate that it renews
	ReplacedBy  string    `json:"replacedBy"` // fingerprint of the one that superseded it
	Generation  int       `json:"generation"` // of the issuer, from 1
	Origin      string    `json:"origin"`     // Issued, Imported or Recovered

	Installed *installedItem `json:"installed,omitempty"`
	Revoked   *revokedAt     `json:"revoked"` // null where it is not
}

// revokedAt is when and why a certificate was revoked.
type revokedAt struct {
	Time   time.Time  `json:"time"`
	Reason string     `json:"reason"`
	Since  *time.Time `json:"since"` // when the key was lost or the right to it ended; null where nobody said
}

func (k certificate) revokedAt() *revokedAt {
	if k.RevokedAt.IsZero() {
		return nil
	}
	r := &revokedAt{Time: k.RevokedAt, Reason: k.Reason.String()}
	if !k.Since.IsZero() {
		r.Since = &k.Since
	}
	return r
}

func (k certificate) item() certificateItem {
	return certificateItem{
		Serial: k.Serial, Request: k.Request.String(), Profile: k.Profile, Node: k.Node, Subject: k.Subject,
		Names: orEmpty(k.Names), Issuer: k.Issuer, NotBefore: k.NotBefore, NotAfter: k.NotAfter, Due: k.due,
		Status: k.status, Requester: k.Requester, Fingerprint: k.Fingerprint, Replaces: k.Replaces,
		ReplacedBy: k.ReplacedBy, Generation: k.Generation, Origin: string(k.Origin),
		Installed: newInstalledItem(k.installed),
		Revoked:   k.revokedAt(),
	}
}

// certificateHeader names the cells of `list -o csv`, as JSON names them.
var certificateHeader = []string{
	"serial", "request", "profile", "node", "subject", "names", "issuer", "notBefore", "notAfter", "due", "status",
	"requester", "fingerprint", "replaces", "replacedBy", "generation", "origin",
	"revoked", "reason",
}

func (k certificate) cells() []string {
	rfc := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	var revoked, reason string
	if r := k.revokedAt(); r != nil {
		revoked, reason = rfc(r.Time), r.Reason
	}
	return []string{
		k.Serial, k.Request.String(), k.Profile, k.Node, k.Subject, strings.Join(k.Names, " "), k.Issuer,
		rfc(k.NotBefore), rfc(k.NotAfter), rfc(k.due), k.status, k.Requester, k.Fingerprint, k.Replaces,
		k.ReplacedBy, strconv.Itoa(k.Generation), string(k.Origin), revoked, reason,
	}
}

package ledger

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"strings"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// Arrived is a request as it came, before anything was decided about it.
type Arrived struct {
	ID      pki.ID           // of the request, the refused bytes or the unread entry
	Kind    Kind             // which of them
	Name    string           // of the entry, without suffix
	Size    int              // of the entry, bytes
	Request *request.Request // nil where the bytes hold no acceptable request
	At      time.Time
}

// Row is the request's row, all but its status: Issue or Refuse fill that in. known is what the ledger has of it.
func (a Arrived) Row(known Request) Request {
	at := a.At.UTC().Truncate(time.Second)
	r := Request{
		ID: a.ID, Kind: a.Kind, Version: known.Version, Serial: known.Serial, Name: a.Name, Size: a.Size, Received: at,
		Decided: at,
	}
	if known.Recorded() {
		r.Name, r.Received = known.Name, known.Received
	}
	if a.Request == nil {
		return r
	}
	csr := a.Request.CSR
	r.KeyFingerprint, r.Subject, r.Names = csr.Fingerprint, csr.Subject.String(), csr.Names.Strings()
	if cover := a.Request.Cover; cover != nil {
		r.Node, r.Profile = cover.Node, cover.Profile
	}
	if signature := a.Request.Signature; signature != nil {
		r.SSHFingerprint = signature.Fingerprint()
	}
	return r
}

// Issue completes the change with its certificate. by says which person decided; nil for the policy.
func (c *Change) Issue(plan pki.Plan, certificate *pki.Certificate, by map[string]string) {
	leaf := certificate.Leaf
	r := &c.Request
	r.Status, r.Reason, r.Profile, r.Refusals = Issued, "Issued", plan.Profile, nil
	r.Serial = pki.SerialHex(leaf.SerialNumber)
	c.Signed = certificate
	c.Certificate = &Certificate{
		Serial: r.Serial, Request: r.ID, Origin: OriginIssued, Status: Valid, Profile: plan.Profile,
		Requester: r.Requester, Node: r.Node, Subject: plan.Subject(), Names: plan.Names.Strings(), Issuer: plan.Issuer,
		Issued: r.Decided, NotBefore: leaf.NotBefore, NotAfter: leaf.NotAfter,
		Fingerprint: pki.Fingerprint(leaf), KeyFingerprint: r.KeyFingerprint,
	}
	detail := map[string]string{}
	if certificate.Shortened {
		detail["shortened"] = "to the issuer's end"
	}
	kind := EventIssued
	if by != nil {
		kind = EventApproved
	}
	if plan.Limits != nil {
		kind, detail["limits"] = EventSubordinate, plan.Limits.String()
	}
	c.Event = event(kind, r, detail, by)
}

// Asked is what a notice is about. The asking side finds its request by either: a denial binds the entry's bytes alone,
// and its row has an id of its own.
type Asked struct {
	Request pki.ID
	Bytes   [sha256.Size]byte // SHA-256 of the entry
	Lost    []string          // what was asked and the certificate would not have, quoted to ASCII
}

// shownLosses is how many losses a notice names: a request may ask for any number of attributes.
const shownLosses = 16

// message is what a notice says: what is wrong, then what would be lost.
func (a Asked) message(refusals []refusal.Refusal) string {
	message := refusal.Message(refusals)
	if len(a.Lost) == 0 {
		return message
	}
	message += "; the certificate would not have: " + strings.Join(a.Lost[:min(len(a.Lost), shownLosses)], ", ")
	if more := len(a.Lost) - shownLosses; more > 0 {
		message += fmt.Sprintf(" and %d more", more)
	}
	return message
}

// Refuse completes the change with its notice, held or denied by what the row's refusals say together. by is as in
// Issue.
func (c *Change) Refuse(outcome refusal.Outcome, asked Asked, by map[string]string) (err error) {
	r := &c.Request
	kind := EventHeld
	r.Status = Held
	if outcome == refusal.Deny {
		r.Status, kind = Denied, EventDenied
	}
	r.Reason = refusal.Reason(r.Refusals)
	c.Notice, err = refusal.Notice{
		Request: asked.Request.String(), Bytes: hex.EncodeToString(asked.Bytes[:]), Status: string(r.Status),
		Reason: r.Reason, Message: asked.message(r.Refusals), Refusals: r.Refusals, Time: r.Decided,
	}.Encode()
	c.Event = event(kind, r, map[string]string{"reason": r.Reason}, by)
	return err
}

// Supersede completes the change of a held request whose requester asked again: it leaves what is pending, and no
// policy signs it any more.
func (c *Change) Supersede(by pki.ID, at time.Time) {
	c.OnlyAnswers = false
	r := &c.Request
	r.Status, r.Decided = Superseded, at.UTC().Truncate(time.Second)
	c.Event = event(EventSuperseded, r, map[string]string{"by": by.String()}, nil)
}

func event(kind string, r *Request, detail, by map[string]string) *Event {
	maps.Copy(detail, by)
	return &Event{Time: r.Decided, Kind: kind, Request: r.ID.String(), Serial: r.Serial, Detail: detail}
}

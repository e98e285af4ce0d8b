package ledger

import (
	"time"

	"ca-exchange/internal/pki"
)

// Recovered is a certificate that an issuer of this CA signed and the ledger lacks, found in an outbox. The caller has
// verified its signature; and, where it names a request, that this request's own bytes ask for it.
type Recovered struct {
	Signed  *pki.Certificate // with the chain as found, and its issuer
	Issuer  string           // its name
	Profile string           // by subject and usages, "" where none fits
	Address Address          // where it was found: the name is its own from now on
	Request *Arrived         // nil where no request is at hand: a foreign certificate
	Entry   []byte           // the request's bytes
	Known   Request          // what the ledger has of the request
	At      time.Time
}

// Change takes the certificate over: the request becomes issued, a foreign certificate gets a row of kind Certificate,
// and the event is Recovered. by says which person did it. A request that was denied is issued by it, too: what is in
// the outbox was signed.
func (r Recovered) Change(by map[string]string) Change {
	k := described(r.Signed.Leaf)
	c := Change{Request: r.row(k), ByPerson: true, Certificate: &k, Signed: r.Signed}
	k.Request, k.Origin, k.Status, k.Issuer, k.Profile = c.Request.ID, OriginRecovered, Valid, r.Issuer, r.Profile
	k.Requester, k.Node, k.Issued = c.Request.Requester, c.Request.Node, k.NotBefore
	if !c.Request.Recorded() {
		c.Entry = r.Entry
	}
	c.Answers = []Answer{{Address: r.Address, Request: c.Request.ID}}
	c.Event = event(EventRecovered, &c.Request, map[string]string{}, by)
	return c
}

func (r Recovered) row(k Certificate) Request {
	at := r.At.UTC().Truncate(time.Second)
	row := Request{
		ID: pki.ImportID(r.Signed.Leaf.Raw), Kind: KindCertificate, Name: r.Address.Name, Received: at,
		KeyFingerprint: k.KeyFingerprint, Subject: k.Subject, Names: k.Names,
	}
	if r.Request != nil {
		row = r.Request.Row(r.Known)
		row.Requester, row.Authenticated = r.Known.Requester, r.Known.Authenticated
	}
	row.Status, row.Reason, row.Refusals, row.Decided = Issued, "Issued", nil, at
	row.Profile, row.Serial = r.Profile, k.Serial
	return row
}

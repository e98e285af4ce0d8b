package main

import (
	"fmt"
	"slices"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/pass"
)

// issuerStatus is how an issuer stands.
type issuerStatus struct {
	Name       string        `json:"name"`
	Subject    string        `json:"subject"`
	NotAfter   time.Time     `json:"notAfter"`
	Protection ca.Protection `json:"protection"` // what guards the key at rest
	Locked     bool          `json:"locked"`     // a watch runs, and does not have the key
}

func issuersOf(c *ca.CA, watch *pass.WatchReport) (all []issuerStatus, err error) {
	for _, i := range c.Trust().Authorities {
		s := issuerStatus{
			Name: i.Name, Subject: fmt.Sprintf("CN=%q", i.Certificate.Subject.CommonName),
			NotAfter: i.Certificate.NotAfter.UTC(), Locked: watch != nil && slices.Contains(watch.Locked, i.Name),
		}
		if s.Protection, err = c.Protection(i.Name); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

func (a *app) printIssuers(all []issuerStatus) {
	for _, i := range all {
		a.Print("issuer   %-15s %s until %s (%s)", i.Name, i.Subject, i.NotAfter.Format(day),
			cli.Residual(i.NotAfter, cli.Now()))
	}
	for _, i := range all {
		how := protectionWords[i.Protection]
		switch {
		case i.Locked && (i.Protection == ca.Agent || i.Protection == ca.Exec):
			how += ", which does not sign for the watch"
		case i.Locked:
			how += ", and the watch does not have it: ca-admin unlock"
		}
		a.Print("key      %-15s %s", i.Name, how)
	}
}

// protectionWords say what guards a key at rest.
var protectionWords = map[ca.Protection]string{
	ca.Plain: "in a plain file", ca.Encrypted: "encrypted", ca.Missing: "not there",
	ca.Agent: "with an agent", ca.Exec: "with a signer program",
}

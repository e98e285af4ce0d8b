package main

import (
	"context"
	"fmt"
	"iter"
	"strconv"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pass"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
)

// What commands that do something print for scripts.

// listOf is a list of a kind.
type listOf[T any] struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Items      []T    `json:"items"`
}

func newList[T any](kind string, items []T) listOf[T] {
	return listOf[T]{cli.APIVersion, kind, append([]T{}, items...)}
}

// passItem is what `sync` did at one exchange.
type passItem struct {
	Exchange   string  `json:"exchange"`
	Issued     int     `json:"issued"`
	Held       int     `json:"held"`
	Denied     int     `json:"denied"`
	Repeated   int     `json:"repeated"`   // answered as before
	Incomplete int     `json:"incomplete"` // still being written
	Left       int     `json:"left"`       // not answered
	Moved      int     `json:"moved"`      // to rejected/
	Reports    int     `json:"reports"`    // of hosts, taken
	Seconds    float64 `json:"seconds"`
}

func newPassItem(exchange string, s pass.Summary) passItem {
	return passItem{
		exchange, s.Issued, s.Held, s.Denied, s.Repeated, s.Incomplete, s.Left, s.Moved, s.Reports,
		s.Took.Seconds(),
	}
}

// created is what `init` made.
type created struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Trust      string `json:"trust"`
	Directory  string `json:"directory"`
	Exchange   string `json:"exchange"`
}

// clock is what `clock` compares.
type clock struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Now        time.Time `json:"now"`
	LastRecord time.Time `json:"lastRecord"`
}

// unquoted are refusals for JSON, which escapes what the exchange said itself.
func unquoted(refusals []refusal.Refusal) []refusal.Refusal {
	plain := append([]refusal.Refusal{}, refusals...)
	for i, r := range plain {
		if asked, err := strconv.Unquote(r.Asked); err == nil {
			plain[i].Asked = asked
		}
	}
	return plain
}

// checkItem is what the policy would do with one file.
type checkItem struct {
	File      string            `json:"file"`
	ID        string            `json:"id"`
	Outcome   string            `json:"outcome"` // issue, hold or deny
	Profile   string            `json:"profile"`
	Requester string            `json:"requester"` // "" where nobody enrolled signed it
	Subject   string            `json:"subject"`   // of the certificate; "" where there would be none
	Names     []string          `json:"names"`
	Days      int               `json:"days"`
	Refusals  []refusal.Refusal `json:"refusals"`
	Dropped   []policy.Loss     `json:"dropped"` // what was asked and the certificate would not have
}

func newCheckItem(file string, p *ca.Proposal) checkItem {
	d := p.Decision
	item := checkItem{
		File: file, ID: p.ID.String(), Outcome: fmt.Sprint(d.Outcome), Names: []string{},
		Refusals: unquoted(d.Refusals), Dropped: append([]policy.Loss{}, d.Dropped...),
	}
	if d.Requester != nil {
		item.Requester = d.Requester.Name
	}
	if d.Profile != nil {
		item.Profile = d.Profile.Name
	}
	if p.Plan.Profile != "" {
		item.Subject, item.Days = p.Plan.Subject(), p.Plan.Days
		item.Names = orEmpty(p.Plan.Names.Strings())
	}
	return item
}

// verification is what `verify` found.
type verification struct {
	APIVersion  string   `json:"apiVersion"`
	Kind        string   `json:"kind"`
	Whole       bool     `json:"whole"`
	Differences []string `json:"differences"`
	More        int      `json:"more"` // differences beyond those
}

func (a *app) printVerification(differences []string, more int) error {
	whole := len(differences)+more == 0
	return a.Encode(verification{cli.APIVersion, "Verification", whole, orEmpty(differences), more})
}

// encodeCertificates prints the certificates of these serials.
func (a *app) encodeCertificates(ctx context.Context, c *ca.CA, serials []string) error {
	return cli.EncodeList(a.Terminal, "CertificateList", mapped(listedSerials(ctx, c, serials), certificate.item))
}

func listedSerials(ctx context.Context, c *ca.CA, serials []string) iter.Seq2[certificate, error] {
	return func(yield func(certificate, error) bool) {
		for _, serial := range serials {
			newest := ledger.Filter{Serial: serial, Order: ledger.ByIssue, Limit: 1}
			for k, err := range c.Ledger().Certificates(ctx, newest) {
				if !yield(standing(k, cli.Now()), err) {
					return
				}
			}
		}
	}
}

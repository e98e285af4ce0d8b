package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ca-exchange/internal/ledger"
)

type listCommand struct {
	Expiring age  `placeholder:"30d" help:"Only those that end within this time."`
	All      bool `help:"Those that have ended, too."`
}

// age is a duration that may be given in days: "30d".
type age time.Duration

// UnmarshalText reads a Go duration or whole days.
func (d *age) UnmarshalText(text []byte) error {
	if days, ok := strings.CutSuffix(string(text), "d"); ok {
		n, err := strconv.ParseUint(days, 10, 16)
		*d = age(time.Duration(n) * 24 * time.Hour)
		return err
	}
	parsed, err := time.ParseDuration(string(text))
	*d = age(parsed)
	return err
}

// certificateList is what `list -o json` prints.
type certificateList struct {
	Kind  string            `json:"kind"`
	Items []certificateItem `json:"items"`
}

type certificateItem struct {
	Serial      string    `json:"serial"`
	Request     string    `json:"request"`
	Profile     string    `json:"profile"`
	Subject     string    `json:"subject"`
	Names       []string  `json:"names"`
	Issuer      string    `json:"issuer"`
	NotBefore   time.Time `json:"notBefore"`
	NotAfter    time.Time `json:"notAfter"`
	Status      string    `json:"status"`
	Requester   string    `json:"requester"`
	Fingerprint string    `json:"fingerprint"`
}

func (l *listCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	certificates, err := c.Certificates(ctx, time.Duration(l.Expiring), l.All)
	if err != nil {
		return err
	}
	if a.JSON {
		list := certificateList{Kind: "CertificateList", Items: []certificateItem{}}
		for _, k := range certificates {
			list.Items = append(list.Items, certificateOf(k))
		}
		return a.Encode(list)
	}
	if len(certificates) == 0 {
		a.Say("no certificates")
		return nil
	}
	rows := [][]string{{"SERIAL", "PROFILE", "SUBJECT", "NAMES", "ISSUER", "ENDS", "STATUS"}}
	for _, k := range certificates {
		rows = append(rows, []string{k.Serial, k.Profile, dash(k.Subject), namesColumn(k.Names), k.Issuer, k.NotAfter.Format("2006-01-02"), k.Status})
	}
	return a.Table(rows)
}

func certificateOf(k ledger.Certificate) certificateItem {
	item := certificateItem{
		Serial: k.Serial, Request: k.Request.String(), Profile: k.Profile, Subject: k.Subject, Names: k.Names, Issuer: k.Issuer,
		NotBefore: k.NotBefore, NotAfter: k.NotAfter, Status: k.Status, Requester: k.Requester, Fingerprint: k.Fingerprint,
	}
	if item.Names == nil {
		item.Names = []string{}
	}
	return item
}

// namesColumn keeps a table's line short.
func namesColumn(names []string) string {
	const shown = 2
	if len(names) <= shown {
		return dash(strings.Join(names, " "))
	}
	return strings.Join(names[:shown], " ") + fmt.Sprintf(" +%d", len(names)-shown)
}

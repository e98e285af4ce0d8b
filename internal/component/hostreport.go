package component

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// reportFile is the report that was last dropped, below the private part.
const reportFile = "report.json"

// Off turns a setting off.
const Off = "off"

const (
	// reportAgain is how long a report that says nothing new is not dropped again: a stick, or a file system that
	// synchronizes, carries one a day.
	reportAgain = 24 * time.Hour

	// takenUp is how long a component may take to read a new certificate by itself (kube.Effect says 5 minutes at
	// most): before that, what it serves says nothing.
	takenUp = 10 * time.Minute

	wireTime = 2 * time.Second // for one component to show what it serves
)

// lastReport is the content of reportFile.
type lastReport struct {
	APIVersion string             `json:"apiVersion"`
	Kind       string             `json:"kind"`
	Exchange   string             `json:"exchange"` // id of the one that it was dropped into
	Report     request.HostReport `json:"report"`
}

// Report tells the CA what is installed on this host: it drops a signed report into the inbox, in the place of an
// earlier one. dropped is false where there is nothing to tell: no report is wanted here or there, nothing is
// installed, the last report says the same and is of today, or the key that signs is not at hand without a person.
func (c *Component) Report(ctx context.Context, x *inbox.Exchange, program string) (dropped bool, err error) {
	if c.Reports == Off || c.Trust == "" || !slices.Contains(x.Features, inbox.FeatureReport) || c.needsTouch() {
		return false, nil
	}
	last, err := c.lastReport()
	if err != nil {
		return false, err
	}
	r, err := c.hostReport(ctx, program)
	if err != nil || len(r.Items) == 0 && last == nil {
		return false, err
	}
	if last != nil {
		r.Time = later(r.Time, last.Report.Time)
	}
	text, err := r.Encode()
	if err != nil || last != nil && last.Exchange == x.ID && c.saysTheSame(text, last.Report, r.Time) {
		return false, err
	}
	signed, err := c.signBy(text, request.SignReport)
	if errors.Is(err, ErrAgent) || errors.Is(err, ErrIdentity) {
		return false, nil // a request will say so
	}
	if err != nil {
		return false, err
	}
	if err := x.DropReport(inbox.ReportFile(r.Requester, r.Node), signed); err != nil {
		return false, err
	}
	return true, c.saveReport(lastReport{refusal.APIVersion, "LastReport", x.ID, r})
}

// later is a report's time: the CA takes only a later one than the last, and two may be of one second.
func later(now, last time.Time) time.Time {
	if ahead := last.Sub(now); ahead >= 0 && ahead < time.Minute {
		return last.Add(time.Second)
	}
	return now
}

// needsTouch reports whether the key is a security key, which asks for a person at each signature.
func (c *Component) needsTouch() bool {
	id, err := c.Identity()
	return err == nil && strings.HasPrefix(id.Public.Type(), "sk-")
}

// saysTheSame reports whether a report is the last one but for its time, and that one is still young.
func (c *Component) saysTheSame(text []byte, last request.HostReport, now time.Time) bool {
	age := now.Sub(last.Time)
	last.Time = now
	before, err := last.Encode()
	return err == nil && bytes.Equal(before, text) && age >= 0 && age < reportAgain
}

func (c *Component) lastReport() (*lastReport, error) {
	text, _, err := c.private.Read(reportFile, sizeLimit)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	last := new(lastReport)
	if err := json.Unmarshal(text, last); err != nil {
		return nil, nil // it only saves a report a day
	}
	return last, nil
}

func (c *Component) saveReport(last lastReport) error {
	text, err := json.MarshalIndent(last, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", reportFile, err)
	}
	return c.private.Replace(reportFile, append(text, '\n'), 0o600)
}

// hostReport is what there is to say of this host, what is due first at the top.
func (c *Component) hostReport(ctx context.Context, program string) (r request.HostReport, err error) {
	items, err := c.Items()
	if err != nil {
		return r, err
	}
	items = slices.DeleteFunc(items, func(i Item) bool { return i.Certificate == nil })
	slices.SortStableFunc(items, func(a, b Item) int { return a.Due.Compare(b.Due) })
	node, err := c.node(items)
	if err != nil {
		return r, err
	}
	r = request.HostReport{
		Requester: c.Name, Node: node, Trust: c.Trust, Time: c.Now().UTC().Truncate(time.Second), Program: program,
		Items: make([]request.ReportItem, len(items)),
	}
	if r.CRLs, err = c.reportCRLs(); err != nil {
		return r, err
	}
	var asked sync.WaitGroup
	for n, i := range items {
		r.Items[n] = reportItem(i)
		asked.Go(func() { r.Items[n].Wire = c.onTheWire(ctx, i) })
	}
	asked.Wait()
	return r, nil
}

// reportCRLs are the CRLs in their places, of each issuer the oldest.
func (c *Component) reportCRLs() (all []request.ReportCRL, err error) {
	lists, err := c.CRLs()
	if err != nil {
		return nil, err
	}
	for _, l := range lists {
		if l.List == nil {
			continue
		}
		one := request.ReportCRL{Issuer: l.Issuer, Number: l.List.Number, NextUpdate: l.List.NextUpdate}
		n := slices.IndexFunc(all, func(have request.ReportCRL) bool { return have.Issuer == l.Issuer })
		if n < 0 {
			all = append(all, one)
		} else if one.Number.Cmp(all[n].Number) < 0 {
			all[n] = one
		}
	}
	return all, nil
}

func reportItem(i Item) request.ReportItem {
	item := request.ReportItem{
		Place: i.State.Files.Place(), Profile: i.State.Profile, Fingerprint: pki.Fingerprint(i.Certificate),
		NotAfter: i.Certificate.NotAfter, Due: i.Due,
	}
	if i.State.Apply != nil {
		item.Applied = i.State.Apply.State
	}
	return item
}

// node is the one that this host's certificates are for; where they are for none, or for several, the host's name.
func (c *Component) node(items []Item) (string, error) {
	nodes := map[string]bool{}
	for _, i := range items {
		if i.State.Node != "" {
			nodes[i.State.Node] = true
		}
	}
	host, _ := os.Hostname()
	candidates := []string{strings.ToLower(host), strings.ToLower(c.Name)}
	if len(nodes) == 1 {
		for node := range nodes {
			candidates = append([]string{node}, candidates...)
		}
	}
	for _, node := range candidates {
		if request.CheckNode(node) == nil {
			return node, nil
		}
	}
	return "", fmt.Errorf("neither the host's name %q nor %q can be the node of a report", host, c.Name)
}

// onTheWire is the fingerprint of what the component of an item serves at this host's own addresses; "" where it serves
// nothing, does not answer, or may not have read a new certificate yet.
func (c *Component) onTheWire(ctx context.Context, i Item) string {
	if c.Now().Sub(i.State.Verified) < takenUp {
		return ""
	}
	for _, address := range ownAddresses(i) {
		if fingerprint, err := Served(ctx, address, wireTime); err == nil {
			return fingerprint
		}
	}
	return ""
}

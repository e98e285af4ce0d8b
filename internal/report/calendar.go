package report

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// event is a day of the calendar. What it is about gives its UID, so that a calendar that reads a later file changes
// the event that it has and makes no second one.
type event struct {
	about       string
	day         time.Time
	summary     string
	description string
}

// Calendar writes the ends of issuers and of their CRLs, for each node and week the certificates that are due, and for
// each node the last visit that saves it, where the exchange is carried; as RFC 5545 has it: CRLF, lines of at most 75
// octets. The time stamps are the ledger's, so that one state of the ledger gives one file.
func Calendar(w io.Writer, r Report) error {
	var out bytes.Buffer
	line := func(format string, args ...any) { fold(&out, fmt.Sprintf(format, args...)) }
	line("BEGIN:VCALENDAR")
	line("VERSION:2.0")
	line("PRODID:-//ca-exchange//ca-admin//EN")
	for _, e := range slices.Concat(r.issuerEnds(), r.crlEnds(), r.dues(), r.visits()) {
		sum := sha256.Sum256([]byte(r.Trust + "\x00" + e.about))
		line("BEGIN:VEVENT")
		line("UID:%s@ca-exchange", hex.EncodeToString(sum[:]))
		line("DTSTAMP:%s", r.HeadTime.UTC().Format("20060102T150405Z"))
		line("DTSTART;VALUE=DATE:%s", e.day.UTC().Format("20060102"))
		line("SUMMARY:%s", escape(e.summary))
		line("DESCRIPTION:%s", escape(e.description))
		line("TRANSP:TRANSPARENT")
		line("BEGIN:VALARM")
		line("ACTION:DISPLAY")
		line("DESCRIPTION:%s", escape(e.summary))
		line("TRIGGER:-P14D")
		line("END:VALARM")
		line("END:VEVENT")
	}
	line("END:VCALENDAR")
	_, err := w.Write(out.Bytes())
	return err
}

func (r Report) issuerEnds() []event {
	var all []event
	for _, i := range r.Issuers {
		all = append(all, event{"issuer " + i.Name, i.NotAfter, "Issuer " + i.Name + " ends",
			"Every certificate of " + i.Subject + " ends with it: plan a successor."})
	}
	return all
}

func (r Report) crlEnds() []event {
	var all []event
	for _, l := range r.CRLs {
		if l.Number > 0 {
			all = append(all, event{"crl " + l.Issuer, l.NextUpdate, "CRL of issuer " + l.Issuer + " ends",
				"A watch signs the next one in time; on the CA's host: ca-admin crl"})
		}
	}
	return all
}

// visits has one event for each node, or for each place without one: the last visit that comes in time for the first of
// its certificates that ends. The event moves when that one is renewed.
func (r Report) visits() []event {
	first := map[string]Certificate{}
	for _, c := range r.Certificates {
		key := cmp.Or(c.Node, c.Place)
		if have, ok := first[key]; !c.LastVisit.IsZero() && (!ok || c.LastVisit.Before(have.LastVisit)) {
			first[key] = c
		}
	}
	var all []event
	for _, key := range slices.Sorted(maps.Keys(first)) {
		c := first[key]
		all = append(all, event{"visit " + key, c.LastVisit, "Last visit that saves " + key,
			fmt.Sprintf("%s ends %s. At the visit, on the host: component-admin renew", c.Place,
				c.NotAfter.UTC().Format(time.DateOnly))})
	}
	return all
}

// dues has one event for each node, or for each place without one, and each week: the day on which the first is due.
func (r Report) dues() []event {
	weeks := map[string][]Certificate{}
	for _, c := range r.Certificates {
		year, week := c.Due.UTC().ISOWeek()
		key := fmt.Sprintf("due %s %d-W%02d", cmp.Or(c.Node, c.Place), year, week)
		weeks[key] = append(weeks[key], c)
	}
	var all []event
	for _, key := range slices.Sorted(maps.Keys(weeks)) {
		week := weeks[key]
		slices.SortFunc(week, func(a, b Certificate) int {
			return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Place, b.Place), cmp.Compare(a.Serial, b.Serial))
		})
		lines := []string{"On the host: component-admin renew"}
		for _, c := range week {
			lines = append(lines, fmt.Sprintf("%s, due %s, ends %s", c.Place, c.Due.UTC().Format(time.DateOnly),
				c.NotAfter.UTC().Format(time.DateOnly)))
		}
		summary := fmt.Sprintf("%d certificates due: %s", len(week), cmp.Or(week[0].Node, week[0].Place))
		if len(week) == 1 {
			summary = "Certificate due: " + week[0].Place
		}
		all = append(all, event{key, week[0].Due, summary, strings.Join(lines, "\n")})
	}
	return all
}

// escape writes a text as a value (RFC 5545 3.3.11). Other controls than the line feed have no place in one.
func escape(text string) string {
	text = strings.Map(func(r rune) rune {
		if r != '\n' && (r < ' ' || r == 0x7f) {
			return -1
		}
		return r
	}, text)
	return strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`).Replace(text)
}

// octets is how long a line may be without its end (RFC 5545 3.1).
const octets = 75

// fold writes a line, in several where it is long: each after the first begins with a space. No character is cut.
func fold(out *bytes.Buffer, line string) {
	room := octets
	for len(line) > room {
		end := room
		for !utf8.RuneStart(line[end]) {
			end--
		}
		out.WriteString(line[:end] + "\r\n ")
		line, room = line[end:], octets-1
	}
	out.WriteString(line + "\r\n")
}

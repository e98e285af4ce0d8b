package report

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"time"
)

var now = time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC)

func fixture() Report {
	in := func(days int) time.Time { return now.Add(time.Duration(days) * day) }
	return Report{
		Trust: "sha256:00", Head: "7:ab", HeadTime: now, Now: now,
		Issuers: []Issuer{{Name: "ca", Subject: `CN="kubernetes"`, NotAfter: in(3650), Key: "encrypted"}},
		CRLs: []CRL{
			{Issuer: "ca", Number: 1769860800, Entries: 2, NextUpdate: in(20), Status: "Issued"},
			{Issuer: "etcd-ca", Status: "Due"},
		},
		Certificates: []Certificate{
			{Place: "kubelet@n1", Node: "n1", Serial: "01", Issuer: "ca", Status: "Due", NotBefore: in(-300),
				NotAfter: in(65), Due: in(-10)},
			{Place: "kube-proxy@n1", Node: "n1", Serial: "02", Issuer: "ca", Status: "Due", NotBefore: in(-300),
				NotAfter: in(65), Due: in(-11), LastVisit: in(5)},
			{Place: "server@a,b;\\c", Serial: "03", Issuer: "ca", Status: "Issued", NotBefore: in(0),
				NotAfter: in(3650), Due: in(2400)},
		},
		Held:    []Request{{ID: "0123", Subject: `CN="<img src=x onerror=alert(1)>"`}},
		Refused: []Request{{ID: "4567", Subject: `CN="<script>"`, Reason: "KeyWeak", Time: in(-3)}}, MoreRefused: 7,
		Silent: []Host{{Node: "n2", Requester: "me", Since: in(-9), Certificates: 3, Ends: in(50)}}, Reporting: 4,
		Next: []Step{{Text: "2 certificates are due:", Command: "ca-admin list --due"}},
	}
}

// TestHTML: what to do stands first, bars lie where they belong, and a hostile name is text.
func TestHTML(t *testing.T) {
	var out bytes.Buffer
	if err := HTML(&out, fixture()); err != nil {
		t.Fatal(err)
	}
	page := out.String()
	for _, want := range []string{
		`<code>ca-admin list --due</code>`,
		`<rect class="Due" x="0" y="3" width="95" height="8"/>`,      // began before the window
		`<rect class="Issued" x="30" y="3" width="700" height="8"/>`, // ends after it
		`CN=&#34;&lt;img src=x onerror=alert(1)&gt;&#34;`, `CN=&#34;&lt;script&gt;&#34;`, "And 7 more",
		"not signed yet", `<td data-name="key">encrypted</td>`,
		`<td data-name="number">1769860800</td>`,
		`<td>n2</td><td data-name="requester">me</td><td class="end" data-name="last report">2026-01-22</td>`,
		`content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`,
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %s", want)
		}
	}
	for _, never := range []string{"<img", "<script", "http:", "https:"} {
		if strings.Contains(page, never) {
			t.Errorf("the page has %s", never)
		}
	}
	if strings.Index(page, "What to do next") > strings.Index(page, "Certificates in use") {
		t.Error("what to do does not stand first")
	}
}

// TestHTMLSize: 5,000 certificates, the most that ca-admin reports, stay below 5 MB.
func TestHTMLSize(t *testing.T) {
	r, size := fixture(), 0
	for len(r.Certificates) < 5000 {
		r.Certificates = append(r.Certificates, r.Certificates[0])
	}
	var out bytes.Buffer
	if err := HTML(&out, r); err != nil {
		t.Fatal(err)
	}
	if size = out.Len(); size > 5<<20 {
		t.Errorf("the page has %d bytes", size)
	}
}

// TestCalendar is the whole text of a calendar.
func TestCalendar(t *testing.T) {
	var out bytes.Buffer
	if err := Calendar(&out, fixture()); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("testdata/calendar.ics") // with LF
	if err != nil {
		t.Fatal(err)
	}
	want := strings.ReplaceAll(string(text), "\n", "\r\n")
	if out.String() != want {
		t.Errorf("got:\n%s", out.String())
	}
}

// TestCalendarChanges: an event that moves within its week, or has another certificate, keeps its UID.
func TestCalendarChanges(t *testing.T) {
	uids := func(r Report) string {
		var out bytes.Buffer
		if err := Calendar(&out, r); err != nil {
			t.Fatal(err)
		}
		var all []string
		for line := range strings.SplitSeq(out.String(), "\r\n") {
			if strings.HasPrefix(line, "UID:") {
				all = append(all, line)
			}
		}
		return strings.Join(all, " ")
	}
	before, after := fixture(), fixture()
	after.Certificates[0].Due = after.Certificates[0].Due.Add(-day)
	after.Certificates[1].Serial, after.HeadTime = "99", now.Add(day)
	if uids(before) != uids(after) {
		t.Errorf("%s\n%s", uids(before), uids(after))
	}
}

// TestFold: no line is longer than 75 octets, no character is cut, and what is unfolded is what was written.
func TestFold(t *testing.T) {
	for n := range 160 {
		line := "SUMMARY:" + strings.Repeat("a", n) + strings.Repeat("ü€𝄞", 40)
		var out bytes.Buffer
		fold(&out, line)
		for part := range strings.SplitSeq(strings.TrimSuffix(out.String(), "\r\n"), "\r\n") {
			if len(part) > 75 || !strings.HasPrefix(part, " ") && !strings.HasPrefix(part, "SUMMARY") {
				t.Fatalf("%d octets: %q", len(part), part)
			}
			if strings.ToValidUTF8(part, "") != part {
				t.Fatalf("a character is cut: %q", part)
			}
		}
		if got := strings.ReplaceAll(out.String(), "\r\n ", ""); got != line+"\r\n" {
			t.Fatalf("unfolded: %q", got)
		}
	}
}

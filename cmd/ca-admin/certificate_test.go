package main

import (
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/ledger"
)

// TestStanding: each status, at the boundaries of a life of 300 days whose jitter is none.
func TestStanding(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	days := func(n int) time.Time { return begin.AddDate(0, 0, n) }
	for _, test := range []struct {
		now        time.Time
		status     string
		superseded bool
		want       string
		due        bool
	}{
		{begin, ledger.Valid, false, "Issued", false},
		{days(200).Add(-time.Second), ledger.Valid, false, "Issued", false},
		{days(200), ledger.Valid, false, "Due", true},
		{days(200).Add(100 * 8 * time.Hour), ledger.Valid, false, "Due", true},
		{days(200).Add(100*8*time.Hour + time.Second), ledger.Valid, false, "Overdue", true},
		{days(300), ledger.Valid, false, "Overdue", true},
		{days(300).Add(time.Second), ledger.Valid, false, "Expired", true},
		{days(300).Add(time.Second), ledger.Valid, true, "Superseded", false},
		{begin, ledger.Revoked, false, "Revoked", false},
		{days(400), ledger.Revoked, true, "Revoked", false},
	} {
		k := standing(ledger.Listed{Superseded: test.superseded, Certificate: ledger.Certificate{
			NotBefore: begin, NotAfter: days(300), Status: test.status, Fingerprint: strings.Repeat("0", 64),
		}}, test.now)
		if k.status != test.want || k.isDue() != test.due {
			t.Errorf("%s at %s (superseded %t): %s, due %t; want %s, due %t",
				test.status, test.now, test.superseded, k.status, k.isDue(), test.want, test.due)
		}
	}
}

func TestPlace(t *testing.T) {
	for _, test := range []struct {
		certificate ledger.Certificate
		want        string
	}{
		{ledger.Certificate{Profile: "kubelet", Node: "w1", Names: []string{"DNS:x"}}, "kubelet@w1"},
		{ledger.Certificate{Profile: "server", Names: []string{"DNS:www.example", "DNS:x"}}, "server@www.example"},
		{ledger.Certificate{Profile: "server", Names: []string{"IP:2001:db8::1"}}, "server@2001:db8::1"},
		{ledger.Certificate{Profile: "client", Subject: `CN="alice", O="x"`}, "client@alice"},
		{ledger.Certificate{Profile: "client"}, "client"},
	} {
		if got := (certificate{Listed: ledger.Listed{Certificate: test.certificate}}).place(); got != test.want {
			t.Errorf("%+v is %q, want %q", test.certificate, got, test.want)
		}
	}
}

func TestAge(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"30d": 720 * time.Hour, "12h": 12 * time.Hour, "1h30m": 90 * time.Minute,
		"0d": 0, "-1h": 0, "d": 0, "30": 0, "1.5d": 0,
	} {
		var got age
		if err := got.UnmarshalText([]byte(text)); (err == nil) != (want > 0) || time.Duration(got) != want {
			t.Errorf("%q is %s, %v, want %s", text, time.Duration(got), err, want)
		}
	}
}

package cli

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestFit: how a table looks when the terminal narrows: all of it, without its last ranks, with wrapped cells.
func TestFit(t *testing.T) {
	heading := []Column{{"NAME", 0}, {"SERIAL", 1}, {"ISSUER", 2}, {"NAMES", 0}}
	row := []string{"cp1", "01a4c9ced3e96ab1", "etcd-ca", "one.example,two.example third"}
	for _, test := range []struct {
		room int
		want string
		left []string
	}{
		{0, "NAME  SERIAL            ISSUER   NAMES\n" +
			"cp1   01a4c9ced3e96ab1  etcd-ca  one.example,two.example third\n", nil},
		{62, "NAME  SERIAL            ISSUER   NAMES\n" +
			"cp1   01a4c9ced3e96ab1  etcd-ca  one.example,two.example third\n", nil},
		{61, "NAME  SERIAL            NAMES\ncp1   01a4c9ced3e96ab1  one.example,two.example third\n",
			[]string{"ISSUER"}},
		{44, "NAME  ISSUER   NAMES\ncp1   etcd-ca  one.example,two.example third\n", []string{"SERIAL"}},
		{43, "NAME  NAMES\ncp1   one.example,two.example third\n", []string{"SERIAL", "ISSUER"}},
		{30, "NAME  NAMES\ncp1   one.example,two.example\n      third\n", []string{"SERIAL", "ISSUER"}},
		{18, "NAME  NAMES\ncp1   one.example,\n      two.example\n      third\n", []string{"SERIAL", "ISSUER"}},
		{5, "NAME  NAMES\ncp1   one.exampl\n      e,\n      two.exampl\n      e third\n", []string{"SERIAL", "ISSUER"}},
	} {
		var out bytes.Buffer
		w := &columnWriter{out: &out, room: test.room, heading: heading}
		if err := w.write(row); err != nil {
			t.Fatal(err)
		}
		if err := w.flush(); err != nil || out.String() != test.want || !slices.Equal(w.left, test.left) {
			t.Errorf("%d columns: %v, without %q:\n%s\nwant\n%s", test.room, err, w.left, &out, test.want)
		}
	}
}

// TestFold: a line of two columns is broken between words, and stays in its column; a command is left whole.
func TestFold(t *testing.T) {
	for _, test := range []struct {
		width      int
		text, want string
	}{
		{30, "  names        one.example two.example three",
			"  names        one.example\n               two.example\n               three"},
		{24, "  cannot determine which one to sign", "  cannot determine which\n  one to sign"},
		{30, "  names        one.example", "  names        one.example"},
		{0, "  names        one.example two.example three", "  names        one.example two.example three"},
		{20, "next, here: ca-admin watch --poll 5s", "next, here: ca-admin watch --poll 5s"},
		{18, "  names        one.example two", "  names        one.example two"},
	} {
		if got := fold(test.text, test.width); got != test.want {
			t.Errorf("fold(%q, %d):\n%s\nwant\n%s", test.text, test.width, got, test.want)
		}
	}
}

func TestColour(t *testing.T) {
	for _, test := range []struct{ color, want string }{
		{"auto", "S\nExpired\nca-admin: warning: w\nGUARDED\n"},
		{"never", "S\nExpired\nca-admin: warning: w\nGUARDED\n"},
		{"always", "S\n\x1b[31mExpired\x1b[0m\nca-admin: \x1b[33mwarning\x1b[0m: w\n\x1b[31mGUARDED\x1b[0m\n"},
	} {
		var out bytes.Buffer
		terminal := &Terminal{Program: "ca-admin", Out: &out, Err: &out, Color: test.color}
		if err := terminal.Table([][]string{{"S"}, {"Expired"}}); err != nil {
			t.Fatal(err)
		}
		terminal.Warn("w")
		terminal.Say("%s", terminal.Alarm("GUARDED"))
		if out.String() != test.want {
			t.Errorf("%s: %q, want %q", test.color, out.String(), test.want)
		}
	}
}

func TestResidual(t *testing.T) {
	now := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	var got []string
	for _, d := range []time.Duration{
		365 * 24 * time.Hour, 48 * time.Hour, 48*time.Hour - 1, time.Hour, 59*time.Minute + 59*time.Second, 0, -1,
		-time.Hour, -72 * time.Hour,
	} {
		got = append(got, Residual(now.Add(d), now))
	}
	want := "365 days|2 days|47 hours|1 hour|59 minutes|0 minutes|ended 0 minutes ago|ended 1 hour ago|ended 3 days ago"
	if all := strings.Join(got, "|"); all != want {
		t.Errorf("got  %s\nwant %s", all, want)
	}
}

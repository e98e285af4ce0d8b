package ledger

import (
	"strings"
	"testing"

	"ca-exchange/internal/pki"
)

// TestSteps tries every change of status, by the policy and by a person, and expects exactly the legal ones.
func TestSteps(t *testing.T) {
	type move struct{ from, to Status }
	byPolicy := map[move]bool{
		{absent, Held}: true, {absent, Issued}: true, {absent, Denied}: true,
		{Held, Held}: true, {Held, Issued}: true, {Held, Denied}: true,
		{Held, Superseded}: true, {Issued, Held}: true, {Denied, Denied}: true,
	}
	byPerson := map[move]bool{
		{Issued, Issued}: true, {Denied, Held}: true, {Denied, Issued}: true,
		{Superseded, Issued}: true, {Superseded, Denied}: true,
	}
	for _, from := range []Status{absent, Held, Issued, Denied, Superseded} {
		for _, to := range []Status{Held, Issued, Denied, Superseded} {
			m := move{from, to}
			before := was(from, KindRequest)
			c := Change{Request: Request{Kind: KindRequest, Status: to}}
			if err := c.illegal(before); (err == nil) != byPolicy[m] {
				t.Errorf("%q to %q by the policy: %v", from, to, err)
			}
			c.ByPerson = true
			if err := c.illegal(before); (err == nil) != (byPolicy[m] || byPerson[m]) {
				t.Errorf("%q to %q by a person: %v", from, to, err)
			}
		}
	}
}

func was(s Status, k Kind) recorded { return recorded{tally: tally{status: s}, kind: k} }

// TestKinds: a row of one kind is never changed by a change of another, and only a request can be held or issued.
func TestKinds(t *testing.T) {
	denial := func(k Kind) Change { return Change{Request: Request{ID: anID("a"), Kind: k, Status: Denied}} }
	held, certificate := denial(KindRefused), denial(KindCertificate)
	held.Request.Status = Held
	other := func(was, is Kind) string {
		return "the row is of kind " + string(was) + ", the change of kind " + string(is)
	}
	for _, test := range []struct {
		change Change
		was    recorded
		want   string
	}{
		{denial(KindRequest), was(Held, KindRequest), ""},
		{denial(KindRefused), recorded{}, ""},
		{denial(KindUnread), recorded{}, ""},
		{denial(KindRefused), was(Denied, KindRefused), ""},
		{denial(KindRefused), was(Held, KindRequest), other(KindRequest, KindRefused)},
		{denial(KindUnread), was(Denied, KindRefused), other(KindRefused, KindUnread)},
		{denial(KindRequest), was(Denied, KindRefused), other(KindRefused, KindRequest)},
		{denial(KindRequest), was(Issued, KindRequest), "it is Issued and cannot become Denied"},
		{denial(""), recorded{}, "the change does not name the kind of its id"},
		{held, recorded{}, "a row of kind Refused cannot become Held"},
		{certificate, recorded{}, "a row of kind Certificate cannot become Denied"},
	} {
		got := ""
		if err := test.change.illegal(test.was); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%s over %q: %q, want %q", test.change.Request.Kind, test.was.kind, got, test.want)
		}
	}
}

// TestRefusalSettlesNoRequest: a denial of bytes whose id is a request's changes nothing of that request's row.
func TestRefusalSettlesNoRequest(t *testing.T) {
	l, ctx := fresh(t), t.Context()
	id := anID("a")
	if err := l.Record(ctx, []Change{newMaker(t).issue(id, "01")}); err != nil {
		t.Fatal(err)
	}
	refused := Change{Request: Request{
		ID: id, Kind: KindRefused, Version: 1, Status: Denied, Received: noon, Decided: noon,
	}}
	err := l.Record(ctx, []Change{refused})
	if err == nil || !strings.Contains(err.Error(), "the row is of kind Request, the change of kind Refused") {
		t.Errorf("a refusal over an issued request: %v", err)
	}
	known, err := l.Lookup(ctx, []pki.ID{id})
	if err != nil || known[id].Status != Issued || known[id].Kind != KindRequest {
		t.Errorf("the request is %+v, %v", known[id], err)
	}
}

package ledger

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

// authority is the maker's issuer for those who only know its certificate.
func (m *maker) authority() pki.Authority { return pki.Authority{Name: m.name, Certificate: m.issuer} }

func (m *maker) target(serial string) Target {
	return Target{Issuer: m.name, Authority: m.issuer, Serial: serial}
}

// signed records a CRL of what the ledger has, begun at a time.
func (m *maker) signed(l *Ledger, begin time.Time) CRL {
	m.Helper()
	ctx := context.Background()
	state, err := l.CRLState(ctx, m.issuer)
	must(m, err)
	entries, err := collect(l.Entries(ctx, m.issuer, state.Last))
	must(m, err)
	crl := CRL{Number: pki.NextCRLNumber(state.Last.Number, begin), ThisUpdate: begin,
		NextUpdate: begin.AddDate(0, 0, 30), Entries: len(entries), SHA256: strings.Repeat("ab", 32)}
	must(m, l.RecordCRL(ctx, m.authority(), crl, state, Event{Time: noon}))
	return crl
}

// TestRevoke: rows, status and events come together, and a serial is revoked once.
func TestRevoke(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	must(t, l.Record(ctx, []Change{m.issue(anID("a"), "0a01"), m.issue(anID("b"), "0a02")}))
	r := Revoking{Targets: []Target{m.target("0a01"), m.target("0fff")}, Reason: pki.KeyCompromise,
		Since: noon.AddDate(0, 0, -1), At: noon, By: map[string]string{"user": "me"}}
	must(t, l.Revoke(ctx, r))
	must(t, l.Verify(ctx, 0, ""))
	k, _, err := l.Certificate(ctx, "0a01")
	if err != nil || k.Status != Revoked {
		t.Errorf("status %s, %v", k.Status, err)
	}
	all, err := collect(l.Revocations(ctx, ""))
	if err != nil || len(all) != 2 || all[0].Serial != "0fff" || all[0].Fingerprint != "" ||
		all[1].Fingerprint != k.Fingerprint || all[1].Request != anID("a").String() ||
		!all[1].NotAfter.Equal(k.NotAfter) ||
		all[1].String() != "2026-11-24T12:00:00Z, keyCompromise, since 2026-11-23T12:00:00Z" {
		t.Errorf("%+v, %v", all, err)
	}
	if one, err := collect(l.Revocations(ctx, "0a01")); err != nil || len(one) != 1 || one[0] != all[1] {
		t.Errorf("%+v, %v", one, err)
	}
	events, err := l.Events(ctx, anID("a").String())
	if last := events[len(events)-1]; err != nil || last.Kind != EventRevoked || last.Detail["user"] != "me" ||
		last.Detail["reason"] != "keyCompromise" || last.Detail["since"] != "2026-11-23T12:00:00Z" {
		t.Errorf("%+v, %v", last, err)
	}
	r.Targets = []Target{{Issuer: "ca", Generation: 1, Serial: "0a02"}, m.target("0a01")}
	if err := l.Revoke(ctx, r); !errors.Is(err, ErrRevoked) || !strings.Contains(err.Error(), "0a01") {
		t.Errorf("a second time: %v", err)
	}
	if k, _, _ := l.Certificate(ctx, "0a02"); k.Status != Valid {
		t.Error("half of a revocation was recorded")
	}
	r.Targets[0].Generation = 2
	if err := l.Revoke(ctx, r); err == nil {
		t.Error("a generation that does not exist revoked something")
	}
	for _, bad := range []string{"", "00", "xyz", "0A"} {
		r.Targets = []Target{m.target(bad)}
		if err := l.Revoke(ctx, r); err == nil {
			t.Errorf("serial %q was revoked", bad)
		}
	}
}

// TestRevokedKeys: the certificates of a key are found, whoever asked for them.
func TestRevokedKeys(t *testing.T) {
	l, ctx, m, other := fresh(t), t.Context(), newMaker(t), newMaker(t)
	must(t, l.Record(ctx, []Change{m.issue(anID("a"), "01"), m.issue(anID("b"), "02"), other.issue(anID("c"), "03")}))
	k, _, err := l.Certificate(ctx, "01")
	must(t, err)
	found, err := collect(l.Certificates(ctx, Filter{Keys: []string{k.KeyFingerprint}, Order: ByIssue}))
	if err != nil || len(found) != 2 || found[0].Serial != "02" || found[1].Serial != "01" {
		t.Errorf("%+v, %v", found, err)
	}
}

// TestRecordCRL: a CRL that another process' revocation or CRL overtook is refused; what is owed shows.
func TestRecordCRL(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	state := func(signed, owed bool) CRLState {
		t.Helper()
		s, err := l.CRLState(ctx, m.issuer)
		if err != nil || s.Signed() != signed || s.Owed != owed {
			t.Errorf("%+v, %v; expected signed %t, owed %t", s, err, signed, owed)
		}
		return s
	}
	state(false, false)
	must(t, l.Record(ctx, []Change{m.issue(anID("a"), "01"), m.issue(anID("b"), "02")}))
	must(t, l.Revoke(ctx, Revoking{Targets: []Target{m.target("01")}, At: noon}))
	old := state(false, true)
	first := m.signed(l, noon)
	if first.Entries != 1 {
		t.Errorf("%d entries", first.Entries)
	}
	before := state(true, false)
	must(t, l.Revoke(ctx, Revoking{Targets: []Target{m.target("02")}, At: noon}))
	state(true, true)
	for name, s := range map[string]CRLState{"before both": old, "before the revocation": before} {
		crl := CRL{Number: first.Number + 1, ThisUpdate: noon, NextUpdate: noon.Add(time.Hour), SHA256: "ab"}
		if err := l.RecordCRL(ctx, m.authority(), crl, s, Event{Time: noon}); !errors.Is(err, ErrConflict) {
			t.Errorf("%s: %v", name, err)
		}
	}
	second := m.signed(l, noon)
	if second.Number != first.Number+1 || second.Entries != 2 {
		t.Errorf("%+v after %+v", second, first)
	}
	state(true, false)
	if marks, err := l.CRLMarks(ctx); err != nil || marks != [2]int64{2, 2} {
		t.Errorf("%v, %v", marks, err)
	}
	must(t, l.Verify(ctx, 0, ""))
}

// TestEntryLeaves: an entry is on one CRL after its certificate's end, and on none after that. One that the ledger
// never saw stays.
func TestEntryLeaves(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	must(t, l.Record(ctx, []Change{m.issue(anID("a"), "01")})) // ends at 13:00
	must(t, l.Revoke(ctx, Revoking{Targets: []Target{m.target("01"), m.target("0fff")}, At: noon}))
	for i, want := range []int{2, 2, 2, 1, 1} {
		if crl := m.signed(l, noon.Add(time.Duration(i)*30*time.Minute+time.Second)); crl.Entries != want {
			t.Errorf("CRL %d, begun %s: %d entries, expected %d", i+1, crl.ThisUpdate, crl.Entries, want)
		}
		if s, err := l.CRLState(ctx, m.issuer); err != nil || s.Owed {
			t.Errorf("CRL %d is owed: %v", i+1, err)
		}
	}
}

// TestVerifyShowsEditedRevocations: every edit of what is revoked, and of the CRLs, is found.
func TestVerifyShowsEditedRevocations(t *testing.T) {
	for _, e := range []edited{
		{"DELETE FROM revocations WHERE num = 1", "the revocation of serial 01, which event 4 recorded, is missing"},
		{"UPDATE revocations SET serial = x'09' WHERE num = 1", "the revocation of serial 01, which event 4 recorded"},
		{"UPDATE revocations SET time = time + 1 WHERE num = 1", "of serial 01 is not what event 4 recorded"},
		{"UPDATE revocations SET reason = 4 WHERE num = 1", "of serial 01 is not what event 4 recorded"},
		{"UPDATE revocations SET since = 5 WHERE num = 1", "of serial 01 is not what event 4 recorded"},
		{"UPDATE revocations SET entry = x'3000' WHERE num = 1", "the revocation of serial 01, which event 4 recorded"},
		{"UPDATE revocations SET certificate = 2 WHERE num = 1", "certificate 01: event 4 revoked it"},
		{"UPDATE revocations SET certificate = NULL WHERE num = 1", "certificate 01: its row says that it is revoked"},
		{"INSERT INTO revocations (issuer, serial, time, reason, entry) VALUES (1, x'08', 1, 1, x'3000')",
			"revocation 2: no event recorded it"},
		{"UPDATE certificates SET status = 'Issued' WHERE num = 1", "certificate 01: event 4 revoked it"},
		{"UPDATE certificates SET status = 'Revoked', superseded = 0 WHERE num = 2",
			"certificate 02: its row says that it is revoked"},
		{"DELETE FROM crls", "of issuer \"ca\", which event 5 recorded, is missing"},
		{"UPDATE crls SET number = number + 1", "of issuer \"ca\", which event 5 recorded, is missing"},
		{"UPDATE crls SET entries = 0", "its row says entries \"0\", event 5 \"1\""},
		{"UPDATE crls SET this_update = 0", "its row says thisUpdate \"1970-01-01T00:00:00Z\""},
		{"UPDATE crls SET next_update = 0", "its row says nextUpdate \"1970-01-01T00:00:00Z\""},
		{"INSERT INTO crls SELECT 2, issuer, number + 1, this_update, next_update, entries, sha256 FROM crls",
			"the CRL of row 2: no event recorded it"},
	} {
		l, m := fresh(t), newMaker(t)
		must(t, l.Record(t.Context(), []Change{m.issue(anID("a"), "01"), m.issue(anID("b"), "02")}))
		must(t, l.Revoke(t.Context(), Revoking{Targets: []Target{m.target("01")}, Reason: pki.KeyCompromise, At: noon}))
		m.signed(l, noon)
		must(t, l.Verify(t.Context(), 0, ""))
		edit(t, l, e.edit)
		broken, ok := errors.AsType[*Broken](l.Verify(t.Context(), 0, ""))
		if !ok || !strings.Contains(strings.Join(broken.Differences, "\n"), e.want) {
			t.Errorf("%s: %v, expected %s", e.edit, broken, e.want)
		}
	}
}

package ledger

import (
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

// TestRecovered takes certificates over that a restored ledger lacks: of a request that it never saw, of one that it
// holds or has denied, and one whose request nobody has. Each is then the answer, byte for byte.
func TestRecovered(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	denied := held(anID("denied"))
	denied.Request.Status, denied.Event.Kind = Denied, EventDenied
	must(t, l.Record(ctx, []Change{held(anID("held")), denied}))
	known, err := l.Lookup(ctx, []pki.ID{anID("held"), anID("denied")})
	must(t, err)
	for i, test := range []struct {
		id   pki.ID
		kind Kind
	}{
		{anID("new"), KindRequest}, {anID("held"), KindRequest}, {anID("denied"), KindRequest},
		{pki.ID{}, KindCertificate},
	} {
		leaf := m.leaf("0a0" + string(rune('1'+i)))
		found := Recovered{
			Signed: &pki.Certificate{Leaf: leaf, Issuer: m.issuer}, Issuer: "ca", Profile: "server", At: noon,
			Address: Address{"x", "", "found-" + string(rune('1'+i))}, Known: known[test.id],
		}
		if test.kind == KindRequest {
			found.Request = &Arrived{ID: test.id, Kind: KindRequest, Name: "found", Size: 5, At: noon}
			found.Entry = []byte("entry")
		} else {
			test.id = pki.ImportID(leaf.Raw)
		}
		c := found.Change(map[string]string{"user": "root"})
		must(t, l.Record(ctx, []Change{c}))
		now, err := l.Lookup(ctx, []pki.ID{test.id})
		must(t, err)
		r := now[test.id]
		content, err := l.Content(ctx, r)
		want := string(pki.EncodeCertificates(leaf))
		if err != nil || r.Status != Issued || r.Kind != test.kind || string(content) != want {
			t.Errorf("%d: %+v, %v", i, r, err)
		}
		k, ok, err := l.CertificateByFingerprint(ctx, pki.Fingerprint(leaf))
		if err != nil || !ok || k.Origin != OriginRecovered || k.Request != test.id {
			t.Errorf("%d: %+v, %v", i, k, err)
		}
		if err := l.Record(ctx, []Change{c}); err == nil {
			t.Errorf("%d: taken over twice", i)
		}
	}
	must(t, l.Verify(ctx, 0, ""))
}

// TestLink answers a request with a certificate that was taken over without it, once.
func TestLink(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	leaf := m.leaf("0b01")
	found := Recovered{
		Signed: &pki.Certificate{Leaf: leaf, Issuer: m.issuer}, Issuer: "ca", Profile: "server", At: noon,
		Address: Address{"x", "", "found"},
	}
	taken := found.Change(nil)
	must(t, l.Record(ctx, []Change{taken}))
	key, err := pki.KeyFingerprint(leaf.PublicKey)
	must(t, err)
	unlinked, err := l.Unlinked(ctx, []string{key, "00"})
	if err != nil || len(unlinked[key]) != 1 {
		t.Fatalf("%v, %v", unlinked, err)
	}
	later := Arrived{ID: anID("later"), Kind: KindRequest, Name: "later", At: noon}
	link := Change{Request: later.Row(Request{}), Entry: []byte("entry")}
	link.Request.KeyFingerprint = key
	link.Link(unlinked[key][0])
	must(t, l.Record(ctx, []Change{link}))
	now, err := l.Lookup(ctx, []pki.ID{anID("later")})
	must(t, err)
	r := now[anID("later")]
	content, err := l.Content(ctx, r)
	want := string(pki.EncodeCertificates(leaf))
	if err != nil || r.Status != Issued || r.Serial != "0b01" || string(content) != want {
		t.Errorf("%+v, %v", r, err)
	}
	for _, id := range []pki.ID{anID("later"), pki.ImportID(leaf.Raw)} {
		have, err := l.CertificatesFor(ctx, []pki.ID{id})
		if err != nil || have[id].Serial != r.Serial {
			t.Errorf("%s has %+v, %v", id.Short(), have, err)
		}
	}
	if unlinked, err = l.Unlinked(ctx, []string{key}); err != nil || len(unlinked) != 0 {
		t.Errorf("linked twice: %v, %v", unlinked, err)
	}
	again := held(r.ID) // its certificate is over
	again.Request.Version, again.Request.Serial, again.Event.Serial = r.Version, r.Serial, r.Serial
	must(t, l.Record(ctx, []Change{again}))
	link.Request.Version = r.Version + 1
	if err := l.Record(ctx, []Change{link}); err == nil {
		t.Error("a request that has had a certificate is linked to another")
	}
	must(t, l.Verify(ctx, 0, ""))
}

// TestUnlinkedLeavesOutThePast: what was signed before the ledger began answers nothing.
func TestUnlinkedLeavesOutThePast(t *testing.T) {
	m := newMaker(t)
	for _, test := range []struct {
		before time.Duration
		want   int
	}{{0, 1}, {time.Hour, 1}, {time.Hour + time.Second, 0}} {
		l, ctx := fresh(t), t.Context()
		began, err := l.Began(ctx)
		must(t, err)
		leaf := m.leafFrom("0c01", began.Add(-test.before))
		found := Recovered{Signed: &pki.Certificate{Leaf: leaf, Issuer: m.issuer}, Issuer: "ca", At: noon}
		taken := found.Change(nil)
		must(t, l.Record(ctx, []Change{taken}))
		key, err := pki.KeyFingerprint(leaf.PublicKey)
		must(t, err)
		if all, err := l.Unlinked(ctx, []string{key}); err != nil || len(all[key]) != test.want {
			t.Errorf("signed %s before: %v, %v", test.before, all, err)
		}
	}
}

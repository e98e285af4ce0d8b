package ledger

import (
	"testing"

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

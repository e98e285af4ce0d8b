package ledger

import (
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

// TestImported records certificates of another CA's past: each once, under an id of its own, vouched for by an event,
// and the older one of a place superseded.
func TestImported(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	var changes []Change
	for i, serial := range []string{"0d01", "0d02"} {
		leaf := m.leafFrom(serial, noon.Add(time.Duration(i)*time.Minute))
		changes = append(changes, Imported{
			Signed: &pki.Certificate{Leaf: leaf, Issuer: m.issuer},
			Issuer: "ca", Profile: "server", File: "newcerts/" + serial + ".pem", At: noon,
		}.Change(map[string]string{"user": "root"}))
	}
	must(t, l.Record(ctx, changes))
	if err := l.Record(ctx, changes[:1]); err == nil {
		t.Error("imported twice")
	}
	have, err := l.BySerials(ctx, "ca", []string{"0d01", "0d02", "0d03"})
	must(t, err)
	for i, serial := range []string{"0d01", "0d02"} {
		k := have[serial]
		if k.Origin != OriginImported || k.Requester != "" || k.Request != pki.ImportID(changes[i].Signed.Leaf.Raw) ||
			k.Fingerprint != pki.Fingerprint(changes[i].Signed.Leaf) {
			t.Errorf("%+v", k)
		}
		events, err := l.Events(ctx, k.Request.String())
		if err != nil || len(events) != 1 || events[0].Kind != EventImported || events[0].Detail["user"] != "root" ||
			!strings.HasSuffix(events[0].Detail["file"], serial+".pem") {
			t.Errorf("%+v, %v", events, err)
		}
	}
	if other, err := l.BySerials(ctx, "etcd-ca", []string{"0d01"}); err != nil || len(other) != 0 {
		t.Errorf("of another issuer: %v, %v", other, err)
	}
	for k, err := range l.Certificates(ctx, Filter{}) {
		if err != nil || k.Superseded != (k.Serial == "0d01") {
			t.Errorf("%s superseded: %t, %v", k.Serial, k.Superseded, err)
		}
	}
	must(t, l.Verify(ctx, 0, ""))
	edit(t, l, "UPDATE certificates SET requester = 'me' WHERE num = 2")
	broken, ok := errors.AsType[*Broken](l.Verify(ctx, 0, ""))
	if !ok || !strings.Contains(strings.Join(broken.Differences, "\n"), `its requester is "me", event 3 says ""`) {
		t.Errorf("%v", broken)
	}
}

// TestImportRevocations: revocations come with the times that they were made, each once, also where the certificate
// comes after them.
func TestImportRevocations(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	before := noon.AddDate(-1, 0, 0)
	revocation := func(serial string, number int64) ImportedRevocation {
		return ImportedRevocation{m.target(serial),
			pki.Revocation{Serial: big.NewInt(number), Time: before, Reason: pki.Superseded}}
	}
	record := func(serials ...string) {
		t.Helper()
		var changes []Change
		for _, serial := range serials {
			changes = append(changes, Imported{Signed: &pki.Certificate{Leaf: m.leaf(serial), Issuer: m.issuer},
				Issuer: "ca", Profile: "server", At: noon}.Change(nil))
		}
		must(t, l.Record(ctx, changes))
	}
	record("01")
	all := []ImportedRevocation{revocation("01", 1), revocation("02", 2), revocation("03", 3)}
	for _, want := range []int{3, 0} {
		taken, err := l.Import(ctx, nil, all, Event{Time: noon, Detail: map[string]string{"user": "me"}})
		if err != nil || taken != want {
			t.Errorf("%d taken, not %d: %v", taken, want, err)
		}
	}
	record("02", "04")
	must(t, l.Verify(ctx, 0, ""))
	found, err := l.RevokedSerials(ctx, "ca", []string{"01", "02", "03", "04"})
	if err != nil || len(found) != 3 || found["04"] {
		t.Errorf("%v, %v", found, err)
	}
	for k, err := range l.Certificates(ctx, Filter{}) {
		if err != nil || (k.Status == Revoked) != (k.Serial != "04") {
			t.Errorf("%s is %s, %v", k.Serial, k.Status, err)
		}
	}
	rows, err := collect(l.Revocations(ctx, "01"))
	if err != nil || len(rows) != 1 || !rows[0].Time.Equal(before) || rows[0].Reason != pki.Superseded {
		t.Errorf("%+v, %v", rows, err)
	}
	entries, err := collect(l.Entries(ctx, m.issuer, CRL{}))
	if err != nil || len(entries) != 3 {
		t.Fatalf("%d entries, %v", len(entries), err)
	}
	if entry, err := pki.ParseRevocation(entries[0]); err != nil || !entry.Time.Equal(before) {
		t.Errorf("%v, %v", entry, err)
	}
	edit(t, l, "UPDATE revocations SET time = unixepoch('2026-11-24 12:00:00') WHERE num = 1")
	err = l.Verify(ctx, 0, "")
	if err == nil || !strings.Contains(err.Error(), "revocation of serial 01 is not what") {
		t.Errorf("%v", err)
	}
}

// TestImportIsWhole: where a revocation cannot be recorded, its certificate is not either.
func TestImportIsWhole(t *testing.T) {
	l, ctx, m := fresh(t), t.Context(), newMaker(t)
	one := Imported{Signed: &pki.Certificate{Leaf: m.leaf("05"), Issuer: m.issuer}, Issuer: "ca", At: noon}.Change(nil)
	bad := ImportedRevocation{Target{Issuer: "ca", Generation: 9, Serial: "05"},
		pki.Revocation{Serial: big.NewInt(5), Time: noon}}
	if _, err := l.Import(ctx, []Change{one}, []ImportedRevocation{bad}, Event{Time: noon}); err == nil {
		t.Error("a generation that does not exist revoked something")
	}
	if _, ok, err := l.Certificate(ctx, "05"); ok || err != nil {
		t.Errorf("a certificate was recorded without its revocation: %v", err)
	}
}

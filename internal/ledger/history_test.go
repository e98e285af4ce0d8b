package ledger

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// lineage records a first certificate, two renewals of it, and one of another node.
func lineage(t *testing.T) (*Ledger, []Change) {
	t.Helper()
	l, m := fresh(t), newMaker(t)
	var all []Change
	for i, text := range []string{"first", "second", "third", "other"} {
		all = append(all, m.issue(anID(text), fmt.Sprintf("%02d", i+1)))
	}
	for i := range all {
		all[i].Certificate.Issued = noon.Add(time.Duration(i) * 20 * time.Hour)
	}
	first := all[0].Certificate.Fingerprint
	all[1].Certificate.Replaces, all[2].Certificate.Replaces = first, first
	all[3].Certificate.Requester, all[3].Certificate.Node = "cp2-admin", "cp2"
	must(t, l.Record(t.Context(), all[:1]))
	must(t, l.Record(t.Context(), all[1:]))
	must(t, l.Verify(t.Context(), 0, ""))
	return l, all
}

func serials(all []Certificate) (s []string) {
	for _, k := range all {
		s = append(s, k.Serial)
	}
	return s
}

func TestHistory(t *testing.T) {
	l, all := lineage(t)
	ctx, first := t.Context(), all[0].Certificate.Fingerprint
	asked := []string{first, all[3].Certificate.Fingerprint, anID("unknown").String(), "odd"}
	found, err := l.ByFingerprints(ctx, asked)
	if err != nil || len(found) != 2 || found[first].Serial != "01" {
		t.Errorf("ByFingerprints: %+v, %v", found, err)
	}
	if k, ok, err := l.CertificateByFingerprint(ctx, first); err != nil || !ok || k.Serial != "01" {
		t.Errorf("CertificateByFingerprint: %+v, %t, %v", k, ok, err)
	}
	successors, err := l.Successors(ctx, []string{first, all[1].Certificate.Fingerprint})
	if err != nil || len(successors) != 1 || !slices.Equal(serials(successors[first]), []string{"02", "03"}) {
		t.Errorf("Successors: %+v, %v", successors, err)
	}
	k := all[0].Certificate
	place := Place{k.Requester, k.Profile, k.Subject, k.Node, k.Names}
	other := place
	other.Requester, other.Node = "cp2-admin", "cp2"
	for _, test := range []struct {
		since time.Time
		want  string
	}{
		{noon, "[[01 02 03] [04] []]"}, {noon.Add(40 * time.Hour), "[[03] [04] []]"},
		{noon.Add(61 * time.Hour), "[[] [] []]"},
	} {
		recent, err := l.Recent(ctx, []Place{place, other, {Requester: "nobody"}}, test.since)
		must(t, err)
		if got := fmt.Sprint([][]string{serials(recent[0]), serials(recent[1]), serials(recent[2])}); got != test.want {
			t.Errorf("since %s: %s, want %s", stamp(test.since), got, test.want)
		}
	}
}

// TestRenewedEvent: a certificate that replaces another is logged as renewed; one that replaces an unknown is refused.
func TestRenewedEvent(t *testing.T) {
	l, all := lineage(t)
	events, err := l.Events(t.Context(), all[1].Request.ID.String())
	if err != nil || len(events) != 1 || events[0].Kind != EventRenewed ||
		events[0].Detail["replaces"] != all[0].Certificate.Fingerprint {
		t.Errorf("%+v, %v", events, err)
	}
	stray := newMaker(t).issue(anID("stray"), "09")
	stray.Certificate.Replaces = anID("unknown").String()
	if err := l.Record(t.Context(), []Change{stray}); err == nil {
		t.Error("a certificate replaces one that the ledger does not have")
	}
}

func TestFilter(t *testing.T) {
	l, all := lineage(t)
	end := all[0].Certificate.NotAfter
	for _, test := range []struct {
		name string
		Filter
		want []string
	}{
		{"all", Filter{}, []string{"01", "02", "03", "04"}},
		{"node", Filter{Node: "cp2"}, []string{"04"}},
		{"profile", Filter{Profile: "client"}, nil},
		{"requester", Filter{Requester: "cp1-admin"}, []string{"01", "02", "03"}},
		{"issuer", Filter{Issuer: "etcd-ca"}, nil},
		{"status", Filter{Status: Revoked}, nil},
		{"name", Filter{Name: "*.example"}, []string{"01", "02", "03", "04"}},
		{"common name", Filter{Name: "serve[r]", Limit: 1}, []string{"01"}},
		{"another name", Filter{Name: "*.test"}, nil},
		{"ends from", Filter{EndsFrom: end}, []string{"01", "02", "03", "04"}},
		{"ends later", Filter{EndsFrom: end.Add(time.Second)}, nil},
		{"ends until", Filter{EndsUntil: end.Add(-time.Second)}, nil},
		{"current", Filter{Current: true}, []string{"03", "04"}},
		{"brief", Filter{Current: true, Brief: true, Issuer: "ca"}, []string{"03", "04"}},
		{"serial", Filter{Serial: "02"}, []string{"02"}},
		{"newest", Filter{Order: ByIssue, Limit: 2}, []string{"04", "03"}},
		{"by node", Filter{Order: ByNode}, []string{"01", "02", "03", "04"}},
		{"by requester", Filter{Order: ByRequester, Issuer: "ca"}, []string{"01", "02", "03", "04"}},
	} {
		got, err := collect(l.Certificates(t.Context(), test.Filter))
		var found []string
		for _, k := range got {
			found = append(found, k.Serial)
		}
		if err != nil || !slices.Equal(found, test.want) {
			t.Errorf("%s: %q, %v, want %q", test.name, found, err, test.want)
		}
	}
}

package ledger

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

// TestBrief: the columns of a short list hold what those of a long one hold.
func TestBrief(t *testing.T) {
	l := busy(t)
	short, err := collect(l.Certificates(t.Context(), Filter{Brief: true}))
	must(t, err)
	long, err := collect(l.Certificates(t.Context(), Filter{}))
	must(t, err)
	for i := range long {
		k := &long[i].Certificate
		k.Request, k.Origin, k.Generation, k.Replaces, k.Issued, k.KeyFingerprint = pki.ID{}, "", 0, "", time.Time{}, ""
		long[i].ReplacedBy = ""
	}
	if len(short) != 3 || !reflect.DeepEqual(short, long) {
		t.Errorf("%+v\nwant %+v", short, long)
	}
}

// TestSuperseded: which of two certificates counts, with and without a node, and when the newer one is revoked.
func TestSuperseded(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(older, newer *Certificate)
		want   []string // the superseded ones
	}{
		{"the same place of a node", func(_, _ *Certificate) {}, []string{"01"}},
		{"other names at the same node", func(_, n *Certificate) {
			n.Names = []string{"DNS:x.example"}
		}, []string{"01"}},
		{"another node", func(_, n *Certificate) { n.Node = "cp2" }, nil},
		{"another profile", func(_, n *Certificate) { n.Profile = "client" }, nil},
		{"another requester", func(_, n *Certificate) { n.Requester = "cp2" }, nil},
		{"another subject", func(_, n *Certificate) { n.Subject = `CN="x"` }, nil},
		{"no node", func(o, n *Certificate) { o.Node, n.Node = "", "" }, []string{"01"}},
		{"other names without a node", func(o, n *Certificate) {
			o.Node, n.Node, n.Names = "", "", []string{"DNS:x.example"}
		}, nil},
		{"renewed from another place", func(o, n *Certificate) {
			n.Node, n.Replaces = "cp2", o.Fingerprint
		}, []string{"01"}},
		{"a revoked successor", func(o, n *Certificate) { n.Status, n.Replaces = Revoked, o.Fingerprint }, nil},
		{"revoked successor without a node", func(o, n *Certificate) {
			o.Node, n.Node, n.Status = "", "", Revoked
		}, nil},
		{"revoked itself", func(o, _ *Certificate) { o.Status = Revoked }, nil},
	} {
		l, m := fresh(t), newMaker(t)
		older, newer := m.issue(anID("first"), "01"), m.issue(anID("second"), "02")
		test.change(older.Certificate, newer.Certificate)
		statuses := []string{older.Certificate.Status, newer.Certificate.Status}
		for _, k := range []*Certificate{older.Certificate, newer.Certificate} {
			k.Status = Valid
		}
		must(t, l.Record(t.Context(), []Change{older}))
		must(t, l.Record(t.Context(), []Change{newer}))
		for i, status := range statuses {
			_, err := l.writer.Exec(fmt.Sprintf("UPDATE certificates SET status = '%s' WHERE num = %d", status, i+1))
			must(t, err)
		}
		t.Run(test.name, func(t *testing.T) { checkReplaced(t, l, test.want, newer.Certificate.Fingerprint) })
		for _, current := range []bool{false, true} {
			all, err := collect(l.Certificates(t.Context(), Filter{Current: current}))
			must(t, err)
			var superseded []string
			for _, k := range all {
				if k.Superseded {
					superseded = append(superseded, k.Serial)
				}
			}
			if current && len(all)+len(test.want) != 2 {
				t.Errorf("%s: %d of 2 are current", test.name, len(all))
			}
			if !current && !slices.Equal(superseded, test.want) {
				t.Errorf("%s: %q are superseded, not %q", test.name, superseded, test.want)
			}
		}
	}
}

// checkReplaced wants the certificates with these serials to be replaced by the one with this fingerprint, no others.
func checkReplaced(t *testing.T, l *Ledger, serials []string, by string) {
	all, err := collect(l.Certificates(t.Context(), Filter{}))
	must(t, err)
	for _, k := range all {
		want := ""
		if slices.Contains(serials, k.Serial) {
			want = by
		}
		if k.ReplacedBy != want {
			t.Errorf("%s is replaced by %q, not %q", k.Serial, k.ReplacedBy, want)
		}
	}
}

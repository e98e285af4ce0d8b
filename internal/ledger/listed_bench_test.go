package ledger

import (
	"testing"
	"time"
)

// BenchmarkList lists what a ledger of -rows certificates has: all, and what a person asks for. Only the first may take
// as long as the ledger is large.
func BenchmarkList(b *testing.B) {
	l := spread(b)
	for _, test := range []struct {
		name   string
		filter Filter
	}{
		{"all", Filter{}},
		{"all in brief", Filter{Brief: true}},
		{"in use", Filter{Current: true, Limit: 50}},
		{"ending", Filter{Current: true, EndsFrom: noon.AddDate(0, 6, 0), EndsUntil: noon.AddDate(0, 7, 0), Limit: 50}},
		{"node", Filter{Current: true, Node: "node000002"}},
		{"profile of many", Filter{Current: true, Profile: "kubelet-client", Limit: 50}},
		{"profile of few", Filter{Current: true, Profile: "kube-apiserver", Limit: 50}},
		{"requester of few", Filter{Current: true, Requester: "rare", Limit: 50}},
		{"requester, also superseded", Filter{Requester: "team-001", Limit: 50}},
		{"issuer of many", Filter{Current: true, Issuer: "ca", Limit: 50}},
		{"issuer of none", Filter{Current: true, Issuer: "front-proxy-ca", Limit: 50}},
		{"name of many", Filter{Current: true, Name: "*.example", Limit: 50}},
		{"name of none", Filter{Current: true, Name: "*.test", Limit: 50}},
		{"newest", Filter{Order: ByIssue, Limit: 50}},
	} {
		b.Run(test.name, func(b *testing.B) {
			start, n := cpu(), 0
			for b.Loop() {
				for _, err := range l.Certificates(b.Context(), test.filter) {
					must(b, err)
					n++
				}
			}
			b.ReportMetric(float64((cpu()-start)/time.Microsecond)/float64(b.N)/1000, "ms-cpu")
			b.ReportMetric(float64(n/b.N), "certificates")
		})
	}
}

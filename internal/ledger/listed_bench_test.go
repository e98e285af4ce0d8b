package ledger

import (
	"fmt"
	"strconv"
	"testing"
	"time"
)

// BenchmarkCurrent lists, of a ledger of -rows certificates, those that nothing has superseded: all of them, and those
// that end within a day of which there are a hundred. Each has a place of its own, on nodes or without.
func BenchmarkCurrent(b *testing.B) {
	for _, nodes := range []string{"nodes", "no nodes"} {
		g := newGrown(b, nodes)
		places(g, *rows, nodes == "nodes")
		for name, filter := range map[string]Filter{
			"all":    {Current: true},
			"ending": {Current: true, EndsFrom: noon, EndsUntil: noon.Add(24 * time.Hour)},
		} {
			b.Run(fmt.Sprintf("%s/%s", nodes, name), func(b *testing.B) {
				for b.Loop() {
					n := 0
					for _, err := range g.l.Certificates(b.Context(), filter) {
						must(b, err)
						n++
					}
					b.ReportMetric(float64(n), "certificates")
				}
			})
		}
	}
}

// places records certificates, each of another place. A hundred end on the first day, the others later.
func places(g *grown, count int, nodes bool) {
	g.Helper()
	for done := 0; done < count; done += 256 {
		changes := make([]Change, min(256, count-done))
		for i := range changes {
			g.n++
			changes[i] = g.make.next(anID(g.prefix + strconv.Itoa(g.n)))
			k := changes[i].Certificate
			k.Node, k.Names = "", []string{"DNS:n" + strconv.Itoa(g.n) + ".example"}
			if nodes {
				k.Node, k.Names = "n"+strconv.Itoa(g.n), nil
			}
			if g.n > 100 {
				k.NotAfter = noon.Add(time.Duration(g.n) * time.Hour)
			}
		}
		must(g, g.l.Record(g.Context(), changes))
	}
}

package ledger

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

var rows = flag.Int("rows", 20000, "how many certificates BenchmarkGrowth puts into the ledger first")

// BenchmarkGrowth records batches of 256 into an empty ledger and, in turn, into one that holds -rows certificates.
// Each is for another place; in the full ledger it renews what that place has. It reports the CPU time a certificate
// costs in both, their ratio, and the bytes a certificate takes on disk:
// go test -bench Growth ./internal/ledger -rows 1000000. A ledger of -ledger keeps what is added.
func BenchmarkGrowth(b *testing.B) {
	full := &grown{b, spread(b), newCheap(b, 960).spread, time.Now().String(), *rows}
	size := full.bytes()
	empty := newGrown(b, newCheap(b, 960).spread)
	empty.n = *rows
	var fullCPU, emptyCPU time.Duration
	count := 0
	for b.Loop() {
		emptyCPU += empty.record(4 * 256)
		fullCPU += full.record(4 * 256)
		count += 4 * 256
	}
	b.ReportMetric(float64(emptyCPU.Microseconds())/float64(count), "µs-empty")
	b.ReportMetric(float64(fullCPU.Microseconds())/float64(count), "µs-full")
	b.ReportMetric(float64(fullCPU)/float64(emptyCPU), "times-the-cpu")
	b.ReportMetric(float64(size)/float64(*rows), "bytes/certificate")
}

// grown is a ledger that grows by what change makes.
type grown struct {
	testing.TB
	l      *Ledger
	change func(id pki.ID, n int) Change
	prefix string
	n      int
}

func newGrown(b testing.TB, change func(pki.ID, int) Change) *grown {
	l, err := Create(filepath.Join(b.TempDir(), "ledger.db"), noon)
	must(b, err)
	b.Cleanup(func() { l.Close() })
	return &grown{b, l, change, "empty", 0}
}

// record adds certificates in batches of 256, and gives the CPU time that it took.
func (g *grown) record(count int) time.Duration {
	start := cpu()
	for done := 0; done < count; done += 256 {
		g.batch(min(256, count-done))
	}
	return cpu() - start
}

// batch records and publishes one batch.
func (g *grown) batch(count int) {
	changes, answers := make([]Change, count), make([]Answer, count)
	for i := range changes {
		g.n++
		changes[i] = g.change(anID(g.prefix+strconv.Itoa(g.n)), g.n)
		answers[i] = changes[i].Answers[0]
		answers[i].Version = 1
	}
	must(g, g.l.Record(g.Context(), changes))
	_, err := g.l.MarkPublished(g.Context(), answers)
	must(g, err)
}

// bytes is the size of the ledger on disk, without its log.
func (g *grown) bytes() int64 {
	_, err := g.l.writer.Exec("PRAGMA wal_checkpoint(TRUNCATE)")
	must(g, err)
	f, err := os.Stat(g.l.path)
	must(g, err)
	return f.Size()
}

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

func BenchmarkRecord(b *testing.B) {
	for _, size := range []int{1, 256} {
		b.Run("batch="+strconv.Itoa(size), func(b *testing.B) {
			one := newCheap(b, 960)
			g := newGrown(b, func(id pki.ID, _ int) Change { return one.next(id) })
			for b.Loop() {
				g.record(size)
			}
			b.ReportMetric(float64(g.n)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// BenchmarkVerify compares a ledger of -rows certificates with its events, and reports the time for each.
func BenchmarkVerify(b *testing.B) {
	l := spread(b)
	start := cpu()
	for b.Loop() {
		must(b, l.Verify(b.Context(), 0, ""))
	}
	b.ReportMetric(float64((cpu()-start).Microseconds())/float64(b.N)/float64(*rows), "µs-cpu/certificate")
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(*rows), "µs/certificate")
}

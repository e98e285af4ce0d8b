package ledger

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"
)

var rows = flag.Int("rows", 20000, "how many certificates BenchmarkGrowth puts into the ledger first")

// BenchmarkGrowth records batches of 256 into an empty ledger and, in turn, into one that holds -rows certificates. It
// reports the CPU time a certificate costs in both, their ratio, and the bytes a certificate takes on disk:
// go test -bench Growth ./internal/ledger -rows 1000000. A ledger of -ledger keeps what is added.
func BenchmarkGrowth(b *testing.B) {
	full := &grown{b, spread(b), newCheap(b, 960), time.Now().String(), 0}
	size := full.bytes()
	empty := newGrown(b, "empty")
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

// grown is a ledger that grows.
type grown struct {
	testing.TB
	l      *Ledger
	make   *cheap
	prefix string
	n      int
}

func newGrown(b testing.TB, prefix string) *grown {
	l, err := Create(filepath.Join(b.TempDir(), "ledger.db"), noon)
	must(b, err)
	b.Cleanup(func() { l.Close() })
	return &grown{b, l, newCheap(b, 960), prefix, 0}
}

// record adds certificates, publishes them, and gives the CPU time that it took.
func (g *grown) record(count int) time.Duration {
	start := cpu()
	for done := 0; done < count; done += 256 {
		changes := make([]Change, min(256, count-done))
		answers := make([]Answer, len(changes))
		for i := range changes {
			g.n++
			changes[i] = g.make.next(anID(g.prefix + strconv.Itoa(g.n)))
			answers[i] = changes[i].Answers[0]
			answers[i].Version = 1
		}
		must(g, g.l.Record(g.Context(), changes))
		_, err := g.l.MarkPublished(g.Context(), answers)
		must(g, err)
	}
	return cpu() - start
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
			g := newGrown(b, "batch")
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

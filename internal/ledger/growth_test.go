package ledger

import (
	"flag"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

var rows = flag.Int("rows", 20000, "how many certificates BenchmarkGrowth puts into the ledger first")

// BenchmarkGrowth records batches of 256 into an empty ledger, and into one that holds -rows certificates, and reports
// how many times as long the second takes: go test -bench Growth ./internal/ledger -rows 1000000.
func BenchmarkGrowth(b *testing.B) {
	l, err := Create(filepath.Join(b.TempDir(), "ledger.db"), noon)
	if err != nil {
		b.Fatal(err)
	}
	defer l.Close()
	n := 0
	record := func(count int) time.Duration {
		start := time.Now()
		for done := 0; done < count; done += 256 {
			if err := l.Record(b.Context(), batch(&n)); err != nil {
				b.Fatal(err)
			}
		}
		return time.Since(start) / time.Duration(count)
	}
	const sample = 40 * 256
	empty := record(sample)
	record(*rows - sample)
	full := record(sample)
	for b.Loop() {
		record(256)
	}
	b.ReportMetric(float64(empty.Nanoseconds()), "ns/row-empty")
	b.ReportMetric(float64(full.Nanoseconds()), "ns/row-full")
	b.ReportMetric(float64(full)/float64(empty), "times-as-long")
}

func batch(n *int) []Change {
	changes := make([]Change, 256)
	for i := range changes {
		*n++
		id := anID(strconv.Itoa(*n))
		changes[i] = issue(id, id.String()[:34])
		changes[i].Entry, changes[i].AnswerPEM = make([]byte, 1500), make([]byte, 1500)
		changes[i].Answers[0].Name = id.Short()
	}
	return changes
}

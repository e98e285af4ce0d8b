package durable

import (
	"fmt"
	"os"
	"testing"
)

// withoutSyncfs is the kernel on a file system where syncfs does not count.
type withoutSyncfs struct{ Kernel }

func (withoutSyncfs) FileSystem(int) (int64, error) { return 0x6969, nil } // NFS

// BenchmarkBatch makes 256 files durable: by one syncfs, and by an fsync each.
func BenchmarkBatch(b *testing.B) {
	for name, sys := range map[string]System{SyncWhole: Kernel{}, SyncEach: withoutSyncfs{}} {
		b.Run(name, func(b *testing.B) {
			dir, err := openOn(sys, b.TempDir())
			if err != nil {
				b.Fatal(err)
			}
			defer dir.Close()
			if sys == (Kernel{}) && dir.SyncMode() != SyncWhole {
				b.Skip("syncfs does not count here")
			}
			data, n := make([]byte, 1500), 0
			for b.Loop() {
				batch := dir.NewBatch()
				for range 256 {
					n++
					batch.Create(dir, fmt.Sprintf("%d-%d", os.Getpid(), n), data, 0o644)
				}
				if errs, err := batch.Commit(); err != nil || errs[0] != nil {
					b.Fatal(err, errs[0])
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(n), "µs/file")
		})
	}
}

package inbox

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// BenchmarkAnswer lists, reads, answers and removes 256 entries: what an answer costs beside parsing and signing.
func BenchmarkAnswer(b *testing.B) {
	root := filepath.Join(b.TempDir(), "exchange")
	x, err := Create(root, Options{Trust: "sha256:aa"})
	if err != nil {
		b.Fatal(err)
	}
	defer x.Close()
	const n = 256
	answered := 0
	for b.Loop() {
		b.StopTimer()
		for i := range n {
			path := filepath.Join(root, inboxDir, fmt.Sprintf("%d-%d.csr", answered, i))
			if err := os.WriteFile(path, []byte(whole), 0o644); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		var entries []Entry
		var files []File
		for e, err := range x.Entries() {
			if err != nil {
				b.Fatal(err)
			}
			c := x.Read(e)
			entries, files = append(entries, e), append(files, File{Name: e.Name + CertificateSuffix, Bytes: c.Bytes})
		}
		if _, err := x.Publish(files, nil); err != nil {
			b.Fatal(err)
		}
		for _, e := range entries {
			if err := x.Remove(e, []byte(whole)); err != nil {
				b.Fatal(err)
			}
		}
		if err := x.SyncInbox(""); err != nil || len(entries) != n {
			b.Fatal(len(entries), err)
		}
		answered += n
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(answered), "ns/answer")
}

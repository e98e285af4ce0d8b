package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"ca-exchange/internal/pki"
)

var large = flag.String("ledger", "", "that benchmarks read; made with -rows certificates where missing")

// spread gives the ledger that benchmarks read: certificates of many places, three of four on a node. Each place was
// renewed four times, and those in use end in the course of a year. A few are of the profile kube-apiserver, the
// requester rare and nodes cp….
func spread(b testing.TB) *Ledger {
	b.Helper()
	path := *large
	if path == "" {
		path = filepath.Join(b.TempDir(), "ledger.db")
	}
	if _, err := os.Stat(path); err != nil {
		l, err := Create(path, noon)
		must(b, err)
		_, err = l.write.conn.ExecContext(b.Context(), "PRAGMA synchronous = OFF; PRAGMA cache_size = -1000000")
		must(b, err)
		g := &grown{b, l, newCheap(b, 960).spread, "spread", 0}
		for g.n < *rows {
			g.batch(min(1<<14, *rows-g.n)) // large batches write each page less often
		}
		must(b, l.Close())
	}
	l, err := Open(path)
	must(b, err)
	b.Cleanup(func() { l.Close() })
	return l
}

// spread gives the n-th change of a ledger of many places. The certificate says what its row says.
func (c *cheap) spread(id pki.ID, n int) Change {
	change := c.next(id)
	k, r := change.Certificate, &change.Request
	at := n % (*rows/5 + 1) // the place
	k.Profile, k.Requester, k.Node = "kubelet-client", fmt.Sprintf("team-%03d", at%200), fmt.Sprintf("node%06d", at)
	if at%4 == 0 {
		k.Profile, k.Node = "server", ""
	}
	if at%5000 == 1 {
		k.Profile, k.Requester, k.Node = "kube-apiserver", "rare", fmt.Sprintf("cp%06d", at)
	}
	host := fmt.Sprintf("s%05x.example", at%(1<<20)) // as long as server.example
	k.Names = []string{"DNS:" + host}
	k.NotAfter = noon.Add(time.Duration(n)*time.Duration(5*365*24*60*60 / *rows)*time.Second).AddDate(-4, 0, 0)
	der := change.Signed.Leaf.Raw
	copy(der[bytes.Index(der, []byte("server.example")):], host)
	copy(der[bytes.Index(der, []byte(noon.Add(time.Hour).Format("060102150405Z"))):],
		k.NotAfter.Format("060102150405Z"))
	sum := sha256.Sum256(der)
	k.Fingerprint = hex.EncodeToString(sum[:])
	r.Profile, r.Requester, r.Node, r.Names = k.Profile, k.Requester, k.Node, k.Names
	return change
}

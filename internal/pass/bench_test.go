package pass

import (
	"crypto"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/request"
)

// drainSize is how many requests one drain answers.
const drainSize = 2000

// BenchmarkDrain answers an inbox full of requests, durably, and holds that against the same requests parsed, decided
// and signed in memory on the same cores in the same run. Reported per certificate: wall and CPU time of the drain, and
// the ratio of the memory's wall time to the drain's (1 is the limit).
func BenchmarkDrain(b *testing.B) {
	for _, issuer := range []pki.KeyType{pki.RSA2048, pki.ECDSAP256} {
		b.Run("issuer="+string(issuer), func(b *testing.B) {
			entries := requests(b, drainSize)
			var wall, cpu, memory time.Duration
			for b.Loop() {
				b.StopTimer()
				c, x := fixture(b, issuer)
				for i, e := range entries {
					if err := dropFast(x, fmt.Sprintf("r%d", i), e); err != nil {
						b.Fatal(err)
					}
				}
				memory += inMemory(b, c, entries)
				b.StartTimer()
				start, used := time.Now(), cpuTime()
				sum, err := Sync(b.Context(), c, x, Options{})
				wall, cpu = wall+time.Since(start), cpu+cpuTime()-used
				if err != nil || sum.Issued != len(entries) {
					b.Fatalf("drained %+v, %v", sum, err)
				}
			}
			n := float64(b.N * len(entries))
			b.ReportMetric(n/wall.Seconds(), "certs/s")
			b.ReportMetric(float64(cpu.Nanoseconds())/n, "CPU-ns/cert")
			b.ReportMetric(memory.Seconds()/wall.Seconds(), "of-memory-limit")
			b.ReportMetric(0, "ns/op")
		})
	}
}

// BenchmarkStages measures each stage alone, on a batch of 256.
func BenchmarkStages(b *testing.B) {
	c, x := fixture(b, pki.ECDSAP256)
	entries := requests(b, batchSize)
	p := newPass(c, x, newMemory(), Options{})
	var err error
	if p.rules, err = c.Rules(); err != nil {
		b.Fatal(err)
	}
	batch := make([]arrival, len(entries))
	for i, e := range entries {
		batch[i] = arrival{entry: inbox.Entry{Name: fmt.Sprint(i), File: fmt.Sprintf("%d.csr", i)}, bytes: e}
	}
	per := func(b *testing.B) {
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(entries)), "ns/request")
	}
	b.Run("parse", func(b *testing.B) {
		for b.Loop() {
			p.parse(batch)
		}
		per(b)
	})
	seen := p.parse(batch)
	b.Run("decide", func(b *testing.B) {
		for b.Loop() {
			if _, err := p.decide(b.Context(), seen); err != nil {
				b.Fatal(err)
			}
		}
		per(b)
	})
	decisions, err := p.decide(b.Context(), seen)
	if err != nil {
		b.Fatal(err)
	}
	b.Run("sign", func(b *testing.B) {
		for b.Loop() {
			if _, err := p.sign(b.Context(), decisions); err != nil {
				b.Fatal(err)
			}
		}
		per(b)
	})
}

// inMemory is the limit: the same requests from bytes to certificate, nothing read, recorded or written.
func inMemory(b *testing.B, c *ca.CA, entries [][]byte) time.Duration {
	rules, err := c.Rules()
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	parallel(len(entries), func(i int) {
		r, found := request.Parse(entries[i], nil)
		grant, ok := rules.Policy.Decide(policy.Input{
			Request: r, Found: found, Trusts: []string{c.Trust().Fingerprint}, Now: c.Now(),
		}).Issued()
		if !ok {
			panic("not issued")
		}
		if _, err := c.Sign(grant); err != nil {
			panic(err)
		}
	})
	return time.Since(start)
}

func fixture(b testing.TB, issuer pki.KeyType) (*ca.CA, *inbox.Exchange) {
	b.Helper()
	c, x := makeCA(b, issuer, slog.New(slog.DiscardHandler))
	if err := c.Unlock(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { x.Close(); c.Close() })
	return c, x
}

// makeCA makes a CA that issues unsigned server certificates, and its exchange.
func makeCA(b testing.TB, issuer pki.KeyType, log *slog.Logger) (*ca.CA, *inbox.Exchange) {
	b.Helper()
	return makeCAWith(b, issuer, log, []string{"server"})
}

// makeCAWith makes a CA that issues these profiles unsigned, and its exchange.
func makeCAWith(b testing.TB, issuer pki.KeyType, log *slog.Logger, unsigned []string) (*ca.CA, *inbox.Exchange) {
	b.Helper()
	text, err := policy.Default(policy.Defaults{Cluster: policy.Cluster{Kubernetes: kube.Latest().String()},
		Unsigned: unsigned})
	if err != nil {
		b.Fatal(err)
	}
	dir := b.TempDir()
	c, err := ca.Create(filepath.Join(dir, "ca"), ca.Setup{
		Issuers: []pki.IssuerSpec{{Name: kube.ClusterIssuer, CommonName: "kubernetes", KeyType: issuer, Days: 36500}},
		Policy:  text,
	}, ca.Settings{Now: time.Now, Log: log})
	if err != nil {
		b.Fatal(err)
	}
	x, err := MakeExchange(c, filepath.Join(dir, "exchange"), 0)
	if err != nil {
		b.Fatal(err)
	}
	return c, x
}

// requests makes n plain P-256 requests, each with a key of its own.
func requests(b testing.TB, n int) [][]byte {
	b.Helper()
	all := make([][]byte, n)
	parallel(n, func(i int) {
		key, err := pki.ECDSAP256.Generate()
		if err == nil {
			all[i], err = plain(key, fmt.Sprintf("r%d.example", i))
		}
		if err != nil {
			panic(err)
		}
	})
	return all
}

func plain(key crypto.Signer, name string) ([]byte, error) {
	csr, err := request.Create(key, name, nil, pki.Names{DNS: []string{name}})
	return request.Encode(nil, csr), err
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// dropFast drops a request as a component admin without fsync would: the drain is what is measured.
func dropFast(x *inbox.Exchange, name string, entry []byte) error {
	return os.WriteFile(filepath.Join(x.Path(), "inbox", name+".csr"), entry, 0o644)
}

// clientRequest asks for a client certificate, which the fixture's policy gives nobody.
func clientRequest(t testing.TB, i int) []byte {
	t.Helper()
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		t.Fatal(err)
	}
	csr, err := request.Create(key, fmt.Sprintf("user%d", i), nil, pki.Names{})
	if err != nil {
		t.Fatal(err)
	}
	return request.Encode(nil, csr)
}

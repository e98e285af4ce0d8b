package ca

import (
	"fmt"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// BenchmarkCRL signs the CRL of an issuer that revoked 100,000 certificates: read from the ledger, signed, read back,
// recorded, named. It prints CPU time and how much memory the process had at most.
func BenchmarkCRL(b *testing.B) {
	const count = 100_000
	text, err := policy.Default(policy.Defaults{})
	if err != nil {
		b.Fatal(err)
	}
	c, err := Create(filepath.Join(b.TempDir(), "ca"), Setup{
		Issuers: []pki.IssuerSpec{{Name: kube.ClusterIssuer, CommonName: "ca", KeyType: pki.ECDSAP256, Days: 3650}},
		Policy:  text,
	}, Settings{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	if err := c.Unlock(); err != nil {
		b.Fatal(err)
	}
	r := Revoking{Reason: pki.KeyCompromise}
	for i := range count {
		serial := new(big.Int).Add(new(big.Int).Lsh(big.NewInt(0x7f), 128), big.NewInt(int64(i))) // 17 bytes, as ours
		target, err := c.Unseen(kube.ClusterIssuer, pki.SerialHex(serial))
		if err != nil {
			b.Fatal(err)
		}
		r.Unseen = append(r.Unseen, target)
	}
	if err := c.Revoke(b.Context(), r); err != nil {
		b.Fatal(err)
	}
	r = Revoking{}
	var last ledger.CRL
	debug.FreeOSMemory()
	os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) // the peak begins anew, where the system can do that
	begin := cpuTime(b)
	for b.Loop() {
		if last, err = c.SignCRL(b.Context(), kube.ClusterIssuer, 30); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((cpuTime(b)-begin)/time.Millisecond)/float64(b.N), "ms-cpu")
	b.ReportMetric(peak(b), "MiB-peak")
	b.ReportMetric(float64(last.Entries), "entries")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peak is the most memory that the process has had, in MiB; 0 where the system does not say.
func peak(b *testing.B) (mib float64) {
	b.Helper()
	status, _ := os.ReadFile("/proc/self/status")
	_, rest, _ := strings.Cut(string(status), "VmHWM:")
	fmt.Sscan(rest, &mib)
	return mib / 1024
}

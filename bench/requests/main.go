// Command requests makes many plain requests for the benchmarks, or measures how long an idle watch takes to answer
// one.
package main

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"syscall"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

func main() {
	latency := flag.Int("latency", 0, "measure this many answers of an idle watch")
	dir := flag.String("dir", "lat", "where the watch's CA and exchange are made")
	signatures := flag.Int("signature", 0, "measure this many RSA-2048 signatures, print the CPU ms of one")
	flag.Parse()
	if err := run(*latency, *signatures, *dir); err != nil {
		fmt.Fprintln(os.Stderr, "requests:", err)
		os.Exit(1)
	}
}

func run(latency, signatures int, dir string) error {
	if signatures > 0 {
		return sign(signatures)
	}
	if latency > 0 {
		return measure(latency, dir)
	}
	n, err := strconv.Atoi(flag.Arg(0))
	if err != nil {
		return err
	}
	if err := os.MkdirAll(flag.Arg(1), 0o755); err != nil {
		return err
	}
	var wait sync.WaitGroup
	errs := make([]error, runtime.NumCPU())
	for worker := range errs {
		wait.Go(func() {
			for i := worker; i < n && errs[worker] == nil; i += len(errs) {
				var entry []byte
				if entry, errs[worker] = asking(i); errs[worker] == nil {
					errs[worker] = os.WriteFile(filepath.Join(flag.Arg(1), fmt.Sprintf("r%06d.csr", i)), entry, 0o644)
				}
			}
		})
	}
	wait.Wait()
	return errors.Join(errs...)
}

func asking(i int) ([]byte, error) {
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		return nil, err
	}
	name := fmt.Sprintf("r%d.example", i)
	csr, err := request.Create(key, name, nil, pki.Names{DNS: []string{name}})
	return request.Encode(nil, csr), err
}

// sign prints what Go's own RSA signature costs: no program in Go can issue a certificate for less.
func sign(n int) error {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return err
	}
	digest := sha256.Sum256(nil)
	start := cpu()
	for range n {
		if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
			return err
		}
	}
	fmt.Printf("%.3f\n", (cpu()-start).Seconds()*1000/float64(n))
	return nil
}

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var used syscall.Rusage
	syscall.Getrusage(syscall.RUSAGE_SELF, &used)
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

// measure drops requests one by one beside a running watch, each by a rename, and waits for each certificate.
func measure(n int, dir string) error {
	ca, exchange := filepath.Join(dir, "ca"), filepath.Join(dir, "exchange")
	init := exec.Command("ca-admin", "--dir", ca, "init", "-q", "--exchange", exchange, "--issuer", "ca", "--key-type",
		"ECDSA-P256", "--trust-inbox")
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	watch := exec.Command("ca-admin", "--dir", ca, "watch", "-q", "--exchange", exchange)
	if err := watch.Start(); err != nil {
		return err
	}
	defer func() { watch.Process.Signal(os.Interrupt); watch.Wait() }()
	time.Sleep(time.Second)
	took := make([]time.Duration, 0, n)
	for i := range n {
		entry, err := asking(i)
		if err != nil {
			return err
		}
		temporary, name := filepath.Join(exchange, "inbox", ".new"), fmt.Sprintf("l%d", i)
		if err := os.WriteFile(temporary, entry, 0o644); err != nil {
			return err
		}
		start := time.Now()
		if err := os.Rename(temporary, filepath.Join(exchange, "inbox", name+".csr")); err != nil {
			return err
		}
		for answer := filepath.Join(exchange, "outbox", name+".crt"); ; time.Sleep(50 * time.Microsecond) {
			if _, err := os.Stat(answer); err == nil {
				break
			}
			if time.Since(start) > 20*time.Second {
				return fmt.Errorf("no answer to %s", name)
			}
		}
		took = append(took, time.Since(start))
		time.Sleep(20 * time.Millisecond)
	}
	slices.Sort(took)
	fmt.Printf("p50 %.1f ms, p99 %.1f ms, of %d\n", took[n/2].Seconds()*1000, took[n*99/100].Seconds()*1000, n)
	return nil
}

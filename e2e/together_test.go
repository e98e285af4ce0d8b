package e2e_test

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
)

// TestBesideWatch: people approve, deny and sign, timers sync, all beside a running watch and twice at once. Each
// decision takes effect at once, and no request gets two certificates.
func TestBesideWatch(t *testing.T) {
	t.Parallel()
	long(t)
	x := newExchange(t, build(t))
	w := x.watch(nil, "--poll", "50ms")
	const requests = 24
	for i := range requests {
		x.drop(fmt.Sprintf("r%d.csr", i), serverRequest(t, fmt.Sprintf("r%d", i)))
	}
	var ids []string
	w.eventually("all are held", func() bool { ids = x.heldIDs(); return len(ids) == requests })
	var people sync.WaitGroup
	for i, id := range ids {
		people.Go(func() {
			if i%4 == 0 {
				x.anyStatus("deny", id, "--reason", "no")
			} else {
				x.anyStatus("approve", "--yes", id)
			}
		})
		people.Go(func() { x.anyStatus("approve", "--yes", id) })
		if i%6 == 0 {
			people.Go(func() { x.anyStatus("sync") })
		}
	}
	people.Wait()
	var list struct {
		Items []struct{ Request, Serial string }
	}
	x.decode(&list, "list", "-o", "json")
	perRequest := map[string]int{}
	for _, c := range list.Items {
		if perRequest[c.Request]++; perRequest[c.Request] > 1 {
			t.Errorf("request %s has two certificates", c.Request)
		}
	}
	if held := x.heldIDs(); len(held) > 0 {
		t.Errorf("%d are still held", len(held))
	}
	w.eventually("every answer, and no other", func() bool {
		certificates, _ := filepath.Glob(x.path("outbox", "r*.crt"))
		notices, _ := filepath.Glob(x.path("outbox", "r*.json"))
		w.lying = fmt.Sprint(certificates, notices)
		return len(certificates) == len(perRequest) && len(certificates)+len(notices) == requests
	})
	x.ca(0, "verify")
}

// TestTwoComponentAdmins: in one component directory several programs ask and sync at once. Everything is installed,
// each place once, and key and certificate fit.
func TestTwoComponentAdmins(t *testing.T) {
	t.Parallel()
	long(t)
	x := newExchange(t, build(t), "--trust-inbox")
	x.watch(nil, "--poll", "50ms")
	x.run(0, "component-admin", "init", "--name", "cp1", "--trust", x.trust())
	var programs sync.WaitGroup
	for i := range 12 {
		programs.Go(func() { // twice for each place: the second supersedes the first
			x.run(0, "component-admin", "request", "server", "--dns", fmt.Sprintf("s%d.example", i%6), "--key-type",
				"ECDSA-P256", "--wait", "60s")
		})
		programs.Go(func() { x.run(0, "component-admin", "status") })
	}
	programs.Wait()
	x.run(0, "component-admin", "sync", "--wait", "60s")
	for i := range 6 {
		base := filepath.Join(x.dir, "component", "pki", fmt.Sprintf("s%d.example", i))
		leaf := firstCertificate(t, base+".crt")
		key, err := os.ReadFile(base + ".key")
		must(t, err)
		block, _ := pem.Decode(key)
		parsed, err := x509.ParseECPrivateKey(block.Bytes)
		must(t, err)
		if !parsed.PublicKey.Equal(leaf.PublicKey) {
			t.Errorf("%s: key and certificate do not fit", base)
		}
	}
}

package pass

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/request"
)

// asker is an enrolled requester who may have server certificates.
type asker struct {
	*testing.T
	c      *ca.CA
	x      *inbox.Exchange
	signer ssh.Signer
	n      int
}

func enrolled(t *testing.T) *asker {
	t.Helper()
	c, x := closed(t, slog.New(slog.DiscardHandler))
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		t.Fatal(err)
	}
	one := policy.Requester{Name: "me", Key: strings.TrimSpace(string(ssh.MarshalAuthorizedKey(signer.PublicKey()))),
		Scope: policy.Scope{Profiles: []string{"server"}, DNS: []string{"**.example"}}}
	if err := c.Enroll(t.Context(), one); err != nil {
		t.Fatal(err)
	}
	return &asker{T: t, c: c, x: x, signer: signer}
}

// drop asks for a server certificate, replacing another where replaces is its fingerprint.
func (a *asker) drop(name, replaces string) pki.ID {
	a.Helper()
	key, err := pki.ECDSAP256.Generate()
	if err != nil {
		a.Fatal(err)
	}
	csr, err := request.Create(key, name, nil, pki.Names{DNS: []string{name}})
	if err != nil {
		a.Fatal(err)
	}
	nonce := make([]byte, 16)
	rand.Read(nonce)
	now := a.c.Now().UTC().Truncate(time.Second)
	entry := request.Encode(&request.Cover{
		Profile: "server", Requester: "me", Trust: a.c.Trust().Fingerprint, Replaces: replaces, Created: now,
		Expires: now.Add(72 * time.Hour), Nonce: hex.EncodeToString(nonce),
	}, csr)
	if entry, err = request.Sign(entry, a.signer); err != nil {
		a.Fatal(err)
	}
	a.n++
	if err := dropFast(a.x, fmt.Sprintf("e%d", a.n), entry); err != nil {
		a.Fatal(err)
	}
	r, found := request.Parse(entry, nil)
	if r == nil {
		a.Fatal(found)
	}
	return r.ID
}

func (a *asker) sync() Summary {
	a.Helper()
	sum, err := Sync(a.Context(), a.c, a.x, Options{})
	if err != nil {
		a.Fatal(err)
	}
	return sum
}

func (a *asker) certificate(id pki.ID) ledger.Certificate {
	a.Helper()
	all, err := a.c.Ledger().CertificatesFor(a.Context(), []pki.ID{id})
	if err != nil || all[id].Serial == "" {
		a.Fatalf("no certificate: %v", err)
	}
	return all[id]
}

// TestRenewalIsRecorded: a request that names its own certificate is a renewal, in the ledger and in its events; one
// that names somebody's, or none that is known, is a first certificate all the same.
func TestRenewalIsRecorded(t *testing.T) {
	a := enrolled(t)
	first := a.drop("web.example", "")
	a.sync()
	old := a.certificate(first)
	second := a.drop("web.example", old.Fingerprint)
	unknown := a.drop("other.example", strings.Repeat("0", 64))
	if sum := a.sync(); sum.Issued != 2 {
		t.Fatalf("%+v", sum)
	}
	if k := a.certificate(second); k.Replaces != old.Fingerprint {
		t.Errorf("it replaces %q, expected %q", k.Replaces, old.Fingerprint)
	}
	if k := a.certificate(unknown); k.Replaces != "" {
		t.Errorf("an unknown certificate is replaced: %q", k.Replaces)
	}
	events, err := a.c.Ledger().Events(t.Context(), second.String())
	if err != nil || len(events) != 1 || events[0].Kind != ledger.EventRenewed {
		t.Errorf("events %+v, %v", events, err)
	}
}

// TestLoopIsBounded: of a hundred requests for one place at most perDay are issued, however they fall into batches; the
// rest are decided by themselves when their time has come. Another place is not slowed.
func TestLoopIsBounded(t *testing.T) {
	t.Parallel()
	a := enrolled(t)
	now := time.Now()
	a.c.Now = func() time.Time { return now }
	for range 100 {
		a.drop("loop.example", "")
	}
	a.drop("web.example", "")
	if sum := a.sync(); sum.Issued != 21 || sum.Held != 80 {
		t.Errorf("the first night: %+v", sum)
	}
	if sum := a.sync(); sum.Answered() != 0 {
		t.Errorf("at once again: %+v", sum)
	}
	now = now.Add(24*time.Hour + time.Minute)
	if sum := a.sync(); sum.Issued != 20 {
		t.Errorf("the second night: %+v", sum)
	}
}

// TestRecordedMeanwhile: what is recorded while the ledger is asked for histories is in neither; it is asked again.
func TestRecordedMeanwhile(t *testing.T) {
	var s issuing
	asked := 0
	ask := func() ([]policy.History, error) {
		if asked++; asked == 1 {
			s.forget(nil)
		}
		return make([]policy.History, asked), nil
	}
	if err := s.beside(ask, func(histories []policy.History) {
		if len(histories) != 2 {
			t.Errorf("weighed by answer %d of the ledger", len(histories))
		}
	}); err != nil {
		t.Error(err)
	}
	known := pki.ID{1}
	s.all = map[string][]policy.Recent{"place": {{Request: known}, {Request: pki.ID{2}}, {Request: pki.ID{3}}}}
	h := s.with("place", pki.ID{3}, policy.History{Recent: []policy.Recent{{Request: known}}})
	if len(h.Recent) != 2 {
		t.Errorf("%d certificates count, and the ledger's one and another are beside this one", len(h.Recent))
	}
}

// TestNightOfRenewals: 200 hosts of one requester whose certificates look alike, as those of kube-scheduler do, renew
// in one night without a person; and so do three control planes, again and again. First certificates of one place are
// bounded: the hosts were set up on ten days.
func TestNightOfRenewals(t *testing.T) {
	hosts, aDay := 200, 20
	if testing.Short() {
		hosts = 40
	}
	a := enrolled(t)
	now := time.Now()
	a.c.Now = func() time.Time { return now }
	var firsts []pki.ID
	for range hosts / aDay {
		for range aDay {
			firsts = append(firsts, a.drop("alike.example", ""))
		}
		if sum := a.sync(); sum.Issued != aDay {
			t.Fatalf("a day of first certificates: %+v", sum)
		}
		now = now.Add(25 * time.Hour)
	}
	now = now.AddDate(0, 8, 0)
	var planes []pki.ID
	for _, id := range firsts {
		planes = append(planes, a.drop("alike.example", a.certificate(id).Fingerprint))
	}
	if sum := a.sync(); sum.Issued != hosts || sum.Held != 0 {
		t.Errorf("a night of %d renewals: %+v", hosts, sum)
	}
	for _, id := range planes {
		if a.certificate(id).Replaces == "" {
			t.Fatalf("%s renews nothing", id.Short())
		}
	}
	for again := range 2 { // a person renews them once more, and once more
		for i, id := range planes[:3] {
			planes[i] = a.drop("alike.example", a.certificate(id).Fingerprint)
		}
		if sum := a.sync(); sum.Issued != 3 {
			t.Errorf("three control planes, time %d: %+v", again+2, sum)
		}
	}
}

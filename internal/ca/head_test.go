package ca

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

func headFixture(t testing.TB) *CA {
	t.Helper()
	text, err := policy.Default(policy.Defaults{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Create(filepath.Join(t.TempDir(), "ca"), Setup{
		Issuers: []pki.IssuerSpec{{Name: "ca", CommonName: "kubernetes", KeyType: pki.ECDSAP256, Days: 10}},
		Policy:  text,
	}, Settings{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func logged(t *testing.T, c *CA) {
	t.Helper()
	if err := c.ledger.Append(t.Context(), ledger.Event{Time: time.Now(), Kind: "Enrolled"}); err != nil {
		t.Fatal(err)
	}
}

func presented(t *testing.T, c *CA) string {
	t.Helper()
	text, _, err := c.PresentHead(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestCheckHead: what an outbox may hold as head.json, and what each of it proves.
func TestCheckHead(t *testing.T) {
	c := headFixture(t)
	old := presented(t, c)
	logged(t, c)
	now := presented(t, c)
	var h Head
	if err := json.Unmarshal([]byte(now), &h); err != nil {
		t.Fatal(err)
	}
	secret, err := c.headSecret()
	if err != nil {
		t.Fatal(err)
	}
	signed := func(change func(*Head)) string {
		forged := h
		change(&forged)
		forged.MAC = hex.EncodeToString(forged.mac(secret))
		text, err := json.Marshal(forged)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	other := headFixture(t)
	for range 5 {
		logged(t, other)
	}
	for _, test := range []struct {
		name, text string
		want       error
	}{
		{"the present one", now, nil},
		{"an old one", old, nil},
		{"of a later event", signed(func(h *Head) { h.Sequence = 3; h.Hash = strings.Repeat("ab", 32) }), ErrBehind},
		{"another hash", signed(func(h *Head) { h.Hash = strings.Repeat("ab", 32) }), ErrBehind},
		{
			"a higher sequence without the secret", strings.Replace(now, `"sequence": 2`, `"sequence": 9`, 1),
			ErrForeignHead,
		},
		{"another hash without the secret", strings.Replace(now, h.Hash, strings.Repeat("ab", 32), 1), ErrForeignHead},
		{"another CA's", presented(t, other), ErrForeignHead},
		{"another kind", signed(func(h *Head) { h.Kind = "Answer" }), ErrForeignHead},
		{"no MAC", strings.Replace(now, h.MAC, "", 1), ErrForeignHead},
		{"no JSON", "junk", ErrForeignHead},
		{"nothing", "", ErrForeignHead},
	} {
		_, err := c.CheckHead(t.Context(), []byte(test.text))
		if !errors.Is(err, test.want) || test.want == nil && err != nil {
			t.Errorf("%s: %v, expected %v", test.name, err, test.want)
		}
	}
}

// TestAcceptHead: a person accepts one head, and no other.
func TestAcceptHead(t *testing.T) {
	c := headFixture(t)
	lost := Head{Sequence: 70, Hash: strings.Repeat("ab", 32)}
	secret, err := c.headSecret()
	if err != nil {
		t.Fatal(err)
	}
	check := func(h Head) error {
		h.APIVersion, h.Kind = "ca-exchange/v1", "Head"
		h.MAC = hex.EncodeToString(h.mac(secret))
		text, err := json.Marshal(h)
		if err != nil {
			t.Fatal(err)
		}
		_, err = c.CheckHead(t.Context(), text)
		return err
	}
	if err := check(lost); !errors.Is(err, ErrBehind) {
		t.Fatalf("before: %v", err)
	}
	if err := c.AcceptHead(t.Context(), lost); err != nil {
		t.Fatal(err)
	}
	if err := check(lost); err != nil {
		t.Errorf("accepted: %v", err)
	}
	if err := check(Head{Sequence: 71, Hash: lost.Hash}); !errors.Is(err, ErrBehind) {
		t.Errorf("another: %v", err)
	}
}

// TestHeadSecret: the secret is the owner's alone, made where it is missing, and never replaced.
func TestHeadSecret(t *testing.T) {
	c := headFixture(t)
	path := filepath.Join(c.dir.Path(), secretFile)
	s, err := os.Stat(path)
	if err != nil || s.Mode().Perm() != 0o600 {
		t.Fatalf("%v, %v", s, err)
	}
	before := presented(t, c)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if _, err := c.CheckHead(t.Context(), []byte(before)); !errors.Is(err, ErrForeignHead) {
		t.Errorf("with another secret: %v", err)
	}
	if after := presented(t, c); after == before {
		t.Error("the same MAC with another secret")
	}
	if err := os.WriteFile(path, []byte("beef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, err := c.PresentHead(t.Context()); err == nil {
		t.Error("a short secret is used")
	}
}

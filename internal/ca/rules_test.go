package ca

import (
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"
)

// TestBlockTogether: no key gets lost where several processes block keys at once, as a watch that meets a private key
// and a person who revokes.
func TestBlockTogether(t *testing.T) {
	first := headFixture(t)
	second, err := Open(first.dir.Path(), Settings{Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	defer second.Close()
	const each = 30
	var all sync.WaitGroup
	for n, c := range []*CA{first, second} {
		all.Go(func() {
			for i := range each {
				if err := c.Block([]string{fmt.Sprintf("%064x", n*each+i)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	rules, err := first.Rules()
	if err != nil || len(rules.Blocked) != 2*each {
		t.Errorf("%d keys are blocked, expected %d: %v", len(rules.Blocked), 2*each, err)
	}
}

package ledger

import (
	"fmt"
	"strings"
	"testing"

	"ca-exchange/internal/refusal"
)

// TestLossesInNotice: a notice names the first losses and counts the rest, since a request may ask for any number.
func TestLossesInNotice(t *testing.T) {
	held := []refusal.Refusal{refusal.New(refusal.SignatureAbsent, "signature", "", "")}
	var asked Asked
	meaning := refusal.SignatureAbsent.Meaning()
	if got := asked.message(held); got != meaning {
		t.Errorf("%q", got)
	}
	for i := range shownLosses + 4 {
		asked.Lost = append(asked.Lost, fmt.Sprintf(`attribute OU="%d"`, i))
	}
	got := asked.message(held)
	if !strings.HasPrefix(got, meaning+`; the certificate would not have: attribute OU="0", attribute OU="1", `) ||
		!strings.HasSuffix(got, `attribute OU="15" and 4 more`) {
		t.Errorf("%q", got)
	}
}

package e2e_test

import (
	"bytes"
	"os"
	"strings"

	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request/requesttest"
)

// notice reads the notice of a name, nil where there is none.
func (x *exchange) notice(name, status string) *refusal.Notice {
	x.Helper()
	text, err := os.ReadFile(x.path("outbox", name+"."+status+".json"))
	if err != nil {
		return nil
	}
	n, err := refusal.ParseNotice(text)
	if err != nil {
		x.Errorf("%s: %v", name, err)
	}
	if i := bytes.IndexFunc(text, unprintable); i >= 0 {
		x.Errorf("%s: the notice holds a raw %q", name, text[i:min(i+8, len(text))])
	}
	return &n
}

// answered says which kind of answer lies under a name: crt, held, denied, or "".
func (x *exchange) answered(name string) string {
	for suffix, kind := range map[string]string{".crt": "crt", ".held.json": "held", ".denied.json": "denied"} {
		if _, err := os.Stat(x.path("outbox", name+suffix)); err == nil {
			return kind
		}
	}
	return ""
}

func (x *exchange) expect(name, kind string, code refusal.Code) {
	x.Helper()
	if got := x.answered(name); got != kind {
		x.Errorf("%s: answered by %q, not by %q", name, got, kind)
		return
	}
	if n := x.notice(name, kind); n != nil && !strings.Contains(string(mustJSON(x.T, n.Refusals)), string(code)) {
		x.Errorf("%s: %v, not %s", name, n.Refusals, code)
	}
}

func checkRefused(x *exchange, c requesttest.Case) {
	x.Helper()
	if _, err := os.Stat(x.path("outbox", c.Name+".crt")); err == nil {
		x.Errorf("%s: got a certificate", c.Name)
	}
	n := x.notice(c.Name, map[refusal.Outcome]string{refusal.Hold: "held", refusal.Deny: "denied"}[c.Outcome])
	if n == nil {
		x.Errorf("%s: no notice says %s", c.Name, c.Outcome)
		return
	}
	for _, r := range n.Refusals {
		if r.Code == c.Code || r.Code == refusal.EntryTooLarge && len(c.Entry) > refusal.MaxEntry {
			return
		}
	}
	x.Errorf("%s: %v, not %s", c.Name, n.Refusals, c.Code)
}

// unprintable is what the programs never write, but for a newline.
func unprintable(r rune) bool { return r != '\n' && r != '…' && r != '²' && (r < 0x20 || r > 0x7e) }

func (x *exchange) checkPlain(what, text string) {
	x.Helper()
	if i := strings.IndexFunc(text, unprintable); i >= 0 {
		x.Errorf("%s: raw output %q", what, text[max(0, i-40):min(len(text), i+40)])
	}
}

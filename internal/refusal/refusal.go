package refusal

import (
	"slices"
	"strconv"
	"strings"
)

// Refusal is one broken rule: data, not an error. Asked comes from the exchange and is already quoted to ASCII.
type Refusal struct {
	Code    Code   `json:"code"`
	Field   string `json:"field"`
	Asked   string `json:"asked"`
	Allowed string `json:"allowed"`
}

// New makes a Refusal; asked is quoted here, so that nothing of an entry reaches a screen or a file raw.
func New(code Code, field, asked, allowed string) Refusal {
	return Refusal{code, field, Quote(asked), allowed}
}

// quoteLimit bounds what one refusal repeats of a request, in bytes.
const quoteLimit = 256

// Quote makes bytes of the exchange safe to print: strconv.QuoteToASCII, cut at 256 bytes; empty stays empty.
func Quote(s string) string {
	if s == "" {
		return ""
	}
	if len(s) > quoteLimit {
		return strconv.QuoteToASCII(s[:quoteLimit]) + "…"
	}
	return strconv.QuoteToASCII(s)
}

// Worst is the outcome of all refusals together.
func Worst(refusals []Refusal) Outcome {
	worst := Issue
	for _, r := range refusals {
		worst = max(worst, r.Code.Outcome())
	}
	return worst
}

// Reason is the gravest refusal's code in TitleCase: "signature-absent" is "SignatureAbsent".
func Reason(refusals []Refusal) string {
	worst := Code("")
	for _, r := range refusals {
		if worst == "" || r.Code.Outcome() > worst.Outcome() {
			worst = r.Code
		}
	}
	var b strings.Builder
	for word := range strings.SplitSeq(string(worst), "-") {
		b.WriteString(strings.ToUpper(word[:min(1, len(word))]) + word[min(1, len(word)):])
	}
	return b.String()
}

// Message joins the refusals' meanings, each once.
func Message(refusals []Refusal) string {
	var sentences []string
	for _, r := range refusals {
		if s := r.Code.Meaning(); !slices.Contains(sentences, s) {
			sentences = append(sentences, s)
		}
	}
	return strings.Join(sentences, "; ")
}

package request_test

import (
	"testing"

	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// BenchmarkParseRequest: a good request of each kind of key, and the entries that cost the most.
func BenchmarkParseRequest(b *testing.B) {
	worst := map[string]bool{"key-rsa-prime": true, "names-5000-bad": true, "names-3000": true,
		"entry-hundred-requests": true, "key-rsa-200000": true, "der-nested": true}
	cases := requesttest.Good(b)
	for _, c := range requesttest.Hostile(b) {
		if worst[c.Name] {
			cases = append(cases, c)
		}
	}
	for _, c := range cases {
		if len(c.Name) > 4 && (c.Name[:4] == "key-" || c.Name == "form-signed" || worst[c.Name]) {
			b.Run(c.Name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					request.Parse(c.Entry, nil)
				}
			})
		}
	}
}

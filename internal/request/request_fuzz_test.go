package request_test

import (
	"bytes"
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// FuzzParseRequest holds what a caller may rely on, for any bytes.
func FuzzParseRequest(f *testing.F) {
	for _, c := range append(requesttest.Good(f), requesttest.Hostile(f)...) {
		if len(c.Entry) < 4<<10 {
			f.Add(c.Entry)
		}
	}
	f.Fuzz(func(t *testing.T, entry []byte) {
		r, refusals := request.Parse(bytes.Clone(entry), nil)
		if denied := refusal.Worst(refusals) == refusal.Deny; denied != (r == nil) {
			t.Fatalf("request %v with %v", r, refusals)
		}
		for _, broken := range refusals {
			for _, c := range []byte(broken.Asked + broken.Allowed) {
				if c < ' ' || c == 0x7f {
					t.Fatalf("a control character in %q", broken)
				}
			}
		}
		if r == nil {
			return
		}
		var cover []byte
		if r.Cover != nil {
			cover = r.Cover.Encode()
			if !bytes.HasPrefix(entry, request.Encode(r.Cover, r.CSR.Raw)) {
				t.Fatal("a covered request has two encodings")
			}
		}
		if r.ID != pki.RequestID(cover, r.CSR.Info) || !bytes.Equal(r.Bytes, entry) || r.Cover == nil && !r.Unsigned() {
			t.Fatalf("%+v", r)
		}
		// The CSR alone is a request too, of another id where there was a cover.
		again, _ := request.Parse(request.Encode(nil, r.CSR.Raw), nil)
		if again == nil || (again.ID == r.ID) != (r.Cover == nil) {
			t.Fatalf("alone it is %+v", again)
		}
	})
}

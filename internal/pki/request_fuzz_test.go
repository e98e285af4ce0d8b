package pki_test

import (
	"bytes"
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/pki/pkitest"
)

// FuzzParseRequest holds what a caller may rely on, for any bytes.
func FuzzParseRequest(f *testing.F) {
	for _, c := range append(pkitest.Good(f), pkitest.Hostile(f)...) {
		if len(c.Entry) < 4<<10 {
			f.Add(c.Entry)
		}
	}
	f.Fuzz(func(t *testing.T, entry []byte) {
		r, refusals := pki.ParseRequest(bytes.Clone(entry), nil)
		if denied := pki.Worst(refusals) == pki.Deny; denied != (r == nil) {
			t.Fatalf("request %v with %v", r, refusals)
		}
		for _, refusal := range refusals {
			for _, c := range []byte(refusal.Asked + refusal.Allowed) {
				if c < ' ' || c == 0x7f {
					t.Fatalf("a control character in %q", refusal)
				}
			}
		}
		if r == nil {
			return
		}
		var cover []byte
		if r.Cover != nil {
			cover = r.Cover.Encode()
			if !bytes.HasPrefix(entry, pki.EncodeRequest(r.Cover, r.CSR.Raw)) {
				t.Fatal("a covered request has two encodings")
			}
		}
		if r.ID != pki.RequestID(cover, r.CSR.Info) || !bytes.Equal(r.Bytes, entry) || r.Cover == nil && !r.Unsigned() {
			t.Fatalf("%+v", r)
		}
		// The CSR alone is a request too, of another id where there was a cover.
		again, _ := pki.ParseRequest(pki.EncodeRequest(nil, r.CSR.Raw), nil)
		if again == nil || (again.ID == r.ID) != (r.Cover == nil) {
			t.Fatalf("alone it is %+v", again)
		}
	})
}

// A cover that parses has one encoding.
func FuzzParseCover(f *testing.F) {
	f.Add(newCover().Encode())
	short := newCover()
	short.Cluster, short.Node, short.Days = "", "", 0
	f.Add(short.Encode())
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := pki.ParseCover(text)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if err == nil && !bytes.Equal(c.Encode(), text) {
			t.Fatalf("%q encodes to %q", text, c.Encode())
		}
	})
}

// FuzzDNSName: what is a name survives a certificate unchanged, and is so in any case of letters.
func FuzzDNSName(f *testing.F) {
	for _, name := range []string{"web.example", "*.web.example", "xn--bcher-kva.example", "cp1", "1.2.3.4", "a..b", "xn--"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		err := pki.CheckDNSName(name)
		if upper := pki.CheckDNSName(string(bytes.ToUpper([]byte(name)))); (err == nil) != (upper == nil) && isLetters(name) {
			t.Fatalf("%q: %v, in capitals %v", name, err, upper)
		}
		if err != nil {
			return
		}
		for _, c := range []byte(name) {
			if c <= ' ' || c >= 0x7f {
				t.Fatalf("%q", name)
			}
		}
		if len(name) == 0 || len(name) > 253 || name[len(name)-1] == '.' {
			t.Fatalf("%q", name)
		}
	})
}

func isLetters(s string) bool {
	for _, c := range []byte(s) {
		if c >= 0x80 {
			return false
		}
	}
	return true
}

package pki_test

import (
	"bytes"
	"testing"

	"ca-exchange/internal/pki"
)

// FuzzDNSName: what is a name survives a certificate unchanged, and is so in any case of letters.
func FuzzDNSName(f *testing.F) {
	for _, name := range []string{"web.example", "*.web.example", "xn--bcher-kva.example", "cp1", "1.2.3.4", "a..b",
		"xn--"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		err := pki.CheckDNSName(name)
		if upper := pki.CheckDNSName(string(bytes.ToUpper([]byte(name)))); (err == nil) != (upper == nil) &&
			isLetters(name) {
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

package request_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"slices"
	"strings"
	"testing"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// newSigned makes a covered entry and its signed form.
func newSigned(t *testing.T) (unsigned, signed []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := request.Create(key, "web", nil, pki.Names{DNS: []string{"web.example"}})
	if err != nil {
		t.Fatal(err)
	}
	unsigned = request.Encode(newCover(), der)
	signed, err = request.Sign(unsigned, newIdentity(t))
	if err != nil {
		t.Fatal(err)
	}
	return unsigned, signed
}

// No byte of a signed request can be changed, and none taken away from inside.
func TestEveryByteCounts(t *testing.T) {
	unsigned, signed := newSigned(t)
	for i := range signed {
		for _, flip := range []byte{1, 2, 0x20, 0x80} {
			edited := bytes.Clone(signed)
			edited[i] ^= flip
			if r, _ := request.Parse(edited, nil); r != nil {
				t.Errorf("byte %d: %q read as %q is accepted", i, signed[i], edited[i])
			}
		}
		// ssh-keygen and this package wrap a signature's lines differently: where they break says nothing.
		if i < len(unsigned) || i < len(signed)-1 && signed[i] != '\n' {
			if r, _ := request.Parse(slices.Delete(bytes.Clone(signed), i, i+1), nil); r != nil {
				t.Errorf("accepted without byte %d, %q", i, signed[i])
			}
		}
	}
	// The signature taken off leaves the same request, now nobody's.
	with, _ := request.Parse(signed, nil)
	without, _ := request.Parse(unsigned, nil)
	if with.ID != without.ID || with.Unsigned() || !without.Unsigned() {
		t.Errorf("%v and %v", with, without)
	}
}

// An entry that is still being written is incomplete at every length: never denied for what is to come.
func TestEveryPrefixIsIncomplete(t *testing.T) {
	unsigned, signed := newSigned(t)
	_, csr, _ := bytes.Cut(unsigned, []byte("\n\n"))
	for name, entry := range map[string][]byte{
		"signed": signed, "plain": csr, "crlf": bytes.ReplaceAll(csr, []byte("\n"), []byte("\r\n")),
		"mark":      append([]byte("\ufeff"), csr...),
		"new label": bytes.ReplaceAll(csr, []byte("CERTIFICATE"), []byte("NEW CERTIFICATE")),
	} {
		end := len(bytes.TrimRight(entry, "\r\n")) // from here on all is there
		for n := range end {
			if name == "signed" && n == len(unsigned) {
				continue // a whole request, unsigned
			}
			_, refusals := request.Parse(entry[:n], nil)
			if got := codes(refusals); !slices.Equal(got, []refusal.Code{refusal.EntryIncomplete}) {
				t.Fatalf("%s: the first %d bytes are %v: %q", name, n, refusals, entry[max(0, n-40):n])
			}
		}
		if r, refusals := request.Parse(entry[:end], nil); r == nil {
			t.Errorf("%s: %v", name, refusals)
		}
	}
}

// An unsigned request with another cover is another request.
func TestCoverIsPartOfTheID(t *testing.T) {
	unsigned, _ := newSigned(t)
	edited := bytes.Replace(unsigned, []byte("Profile: kube-apiserver\n"), []byte("Profile: admin\n"), 1)
	_, plain, _ := bytes.Cut(unsigned, []byte("\n\n"))
	ids := map[pki.ID]bool{}
	for _, entry := range [][]byte{unsigned, edited, plain} {
		r, refusals := request.Parse(entry, nil)
		if r == nil {
			t.Fatal(refusals)
		}
		ids[r.ID] = true
	}
	// Text above a plain CSR is nobody's statement.
	r, _ := request.Parse(append([]byte("hello\n"), plain...), nil)
	if len(ids) != 3 || !ids[r.ID] {
		t.Errorf("%d ids, %t", len(ids), ids[r.ID])
	}
}

// Create refuses what the other side would deny.
func TestCreateRequestRefuses(t *testing.T) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for want, names := range map[string]pki.Names{
		`making a request: a DNS name is invalid (RFC 1034, RFC 5890): ` +
			`names "a_b" (allowed: a DNS name: the character '_' is not allowed)`: {DNS: []string{"a_b"}},
		`making a request: the subject is malformed or misleading: ` +
			`subject  (allowed: a common name or a subjectAltName)`: {},
	} {
		if _, err := request.Create(key, "", nil, names); err == nil || err.Error() != want {
			t.Errorf("%v", err)
		}
	}
}

func TestParseBlocklist(t *testing.T) {
	one := strings.Repeat("ab", 32)
	list, err := request.ParseBlocklist([]byte("# leaked in 2026\n\n" + strings.ToUpper(one) + "  # cp1\n"))
	if _, ok := list[one]; err != nil || len(list) != 1 || !ok {
		t.Errorf("%v, %v", list, err)
	}
	if _, err := request.ParseBlocklist([]byte(strings.Repeat("zz", 32))); err == nil {
		t.Error("what is not hex is a fingerprint")
	}
	if _, err := request.ParseBlocklist([]byte(one + "\nab\n")); err == nil ||
		err.Error() != `line 2: "ab" is not a SHA-256 in hex` {
		t.Errorf("%v", err)
	}
}

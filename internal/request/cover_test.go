package request

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

func exampleCover() *Cover {
	created := time.Date(2026, 11, 23, 22, 30, 0, 0, time.UTC)
	return &Cover{
		Profile: "kube-apiserver", Requester: "cp1-admin", Trust: "sha256:" + strings.Repeat("ab", 32),
		Cluster: "prod", Node: "cp1", Days: 180, Created: created, Expires: created.AddDate(0, 0, 180),
		Nonce: strings.Repeat("0f", 16),
	}
}

func TestParseCover(t *testing.T) {
	full := exampleCover()
	full.Replaces = strings.Repeat("cd", 32)
	const text = `Certificate-Request: v1
Profile: kube-apiserver
Requester: cp1-admin
Trust: sha256:abababababababababababababababababababababababababababababababab
Cluster: prod
Node: cp1
Days: 180
Replaces: sha256:cdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcdcd
Created: 2026-11-23T22:30:00Z
Expires: 2027-05-22T22:30:00Z
Nonce: 0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f
`
	if got := string(full.Encode()); got != text {
		t.Errorf("encoded\n%s", got)
	}
	c, err := parseCover([]byte(text))
	if err != nil || *c != *full {
		t.Errorf("%+v, %v", c, err)
	}
	if got := string(Cover{}.Encode()); got != "Certificate-Request: v1\n" {
		t.Errorf("an empty cover is encoded %q", got)
	}
	for old, want := range map[string]string{
		"Profile: kube-apiserver\n": "line Profile is missing or out of order",
		"Nonce: 0f0f":               `line Nonce is missing or out of order`,
		coverStart + "v1\n": `the first line is "Profile: kube-apiserver", ` +
			`not "Certificate-Request: v1"`,
		"Created: 2026-11-23T22:30:00Z\n":    "line Created is missing or out of order",
		"0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\n": `line Nonce does not end with LF`,
	} {
		if _, err := parseCover([]byte(strings.Replace(text, old, "", 1))); err == nil || err.Error() != want {
			t.Errorf("without %q: %v", old, err)
		}
	}
}

// A cover that parses has one encoding.
func FuzzParseCover(f *testing.F) {
	f.Add(exampleCover().Encode())
	short := exampleCover()
	short.Cluster, short.Node, short.Days = "", "", 0
	f.Add(short.Encode())
	f.Fuzz(func(t *testing.T, text []byte) {
		c, err := parseCover(text)
		if (c == nil) == (err == nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if err == nil && !bytes.Equal(c.Encode(), text) {
			t.Fatalf("%q encodes to %q", text, c.Encode())
		}
	})
}

package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
)

func seq[T any](items []T, err error) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, item := range items {
			if !yield(item, nil) {
				return
			}
		}
		if err != nil {
			var zero T
			yield(zero, err)
		}
	}
}

// TestEncodeList: what is streamed is what Encode writes of the whole.
func TestEncodeList(t *testing.T) {
	type item struct {
		Name  string   `json:"name"`
		Names []string `json:"names"`
	}
	for n := range 3 {
		items := []item{{"<a>", []string{}}, {"b", []string{"x", "y"}}}[:min(n, 2)]
		var whole, streamed bytes.Buffer
		err := (&Terminal{Out: &whole}).Encode(struct {
			APIVersion string `json:"apiVersion"`
			Kind       string `json:"kind"`
			Items      []item `json:"items"`
		}{"ca-exchange/v1", "List", append([]item{}, items...)})
		if err := errors.Join(err, EncodeList(&Terminal{Out: &streamed}, "List", seq(items, nil))); err != nil {
			t.Fatal(err)
		}
		if whole.String() != streamed.String() {
			t.Errorf("%d items:\n%s\nas a whole:\n%s", n, &streamed, &whole)
		}
	}
}

func TestStreamTable(t *testing.T) {
	var out bytes.Buffer
	term := &Terminal{Out: &out}
	if n, err := term.StreamTable([]Column{{"A", 0}, {"B", 0}}, seq[[]string](nil, nil)); n != 0 || err != nil ||
		out.Len() > 0 {
		t.Errorf("no rows: %d, %v, %q", n, err, &out)
	}
	rows := slices.Repeat([][]string{{"long cell", "x"}, {"é", "y"}}, widthRows)
	rows = append(rows, []string{"longer than all", "z"})
	n, err := term.StreamTable([]Column{{"A", 0}, {"B", 0}}, seq(rows, nil))
	lines := strings.Split(out.String(), "\n")
	if n != len(rows) || err != nil || len(lines) != len(rows)+2 {
		t.Fatalf("%d rows, %d lines, %v", n, len(lines), err)
	}
	for i, want := range map[int]string{
		0: "A          B", 1: "long cell  x", 2: "é          y", len(rows): "longer than all  z",
	} {
		if lines[i] != want {
			t.Errorf("line %d is %q, want %q", i, lines[i], want)
		}
	}
	if _, err := term.StreamTable([]Column{{"A", 0}}, seq([][]string{{"a"}}, fmt.Errorf("torn"))); err == nil {
		t.Error("an error of the rows was lost")
	}
}

// TestASCII: what a request brings is escaped, and decodes to what it was.
func TestASCII(t *testing.T) {
	const want = "a<é\u202e\u007f😀\n"
	text, err := asJSON(want, "")
	if err != nil || string(text) != `"a<\u00e9\u202e\u007f\ud83d\ude00\n"` {
		t.Fatalf("%s, %v", text, err)
	}
	var got string
	if err := json.Unmarshal(text, &got); err != nil || got != want {
		t.Errorf("%q, %v, not %q", got, err, want)
	}
}

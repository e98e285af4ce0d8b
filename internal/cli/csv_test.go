package cli

import (
	"bytes"
	"errors"
	"testing"
)

func TestStreamCSV(t *testing.T) {
	var out bytes.Buffer
	terminal := &Terminal{Out: &out}
	rows := [][]string{{"=1", "+1", "-1", "@x", "\tx", "x=1", `a"b`, "a,b", ""}}
	want := "h\r\n'=1,'+1,'-1,'@x,'\tx,x=1,\"a\"\"b\",\"a,b\",\r\n"
	if err := terminal.StreamCSV([]string{"h"}, seq(rows, nil)); err != nil || out.String() != want {
		t.Errorf("%v: %q, want %q", err, out.String(), want)
	}
	torn := errors.New("torn")
	if err := terminal.StreamCSV(nil, seq[[]string](nil, torn)); !errors.Is(err, torn) {
		t.Errorf("an error of the rows was lost: %v", err)
	}
}

package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"unicode/utf8"
)

// widthRows is how many rows decide how wide the columns of a streamed table are. Longer cells of later rows push the
// rest of their line to the right.
const widthRows = 500

// StreamTable writes rows in columns to stdout while they come, so that a long table is never in memory. It gives the
// number of rows; without any it writes nothing, not even the heading.
func (t *Terminal) StreamTable(heading []string, rows iter.Seq2[[]string, error]) (count int, err error) {
	out := bufio.NewWriterSize(t.Out, 64<<10)
	defer func() { err = errors.Join(err, out.Flush()) }()
	w := &columnWriter{out: out, first: [][]string{heading}}
	for row, err := range rows {
		if err != nil {
			return count, err
		}
		count++
		if err := w.write(row); err != nil {
			return count, err
		}
	}
	if count == 0 {
		return 0, nil
	}
	return count, w.flush()
}

// columnWriter keeps the first rows until their widths are known.
type columnWriter struct {
	out    io.Writer
	first  [][]string
	widths []int
}

func (w *columnWriter) write(row []string) error {
	if w.widths != nil {
		return w.line(row)
	}
	if w.first = append(w.first, row); len(w.first) < widthRows {
		return nil
	}
	return w.flush()
}

func (w *columnWriter) flush() error {
	if w.widths != nil {
		return nil
	}
	w.widths = make([]int, len(w.first[0]))
	for _, row := range w.first {
		for i, cell := range row {
			w.widths[i] = max(w.widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range w.first {
		if err := w.line(row); err != nil {
			return err
		}
	}
	w.first = nil
	return nil
}

func (w *columnWriter) line(row []string) error {
	var b strings.Builder
	for i, cell := range row {
		fmt.Fprintf(&b, "%-*s  ", w.widths[i], cell)
	}
	_, err := fmt.Fprintln(w.out, strings.TrimRight(b.String(), " "))
	return err
}

// EncodeList writes {"kind": kind, "items": […]} to stdout as Encode would, while the items come.
func EncodeList[T any](t *Terminal, kind string, items iter.Seq2[T, error]) (err error) {
	out := bufio.NewWriterSize(t.Out, 64<<10)
	defer func() { err = errors.Join(err, out.Flush()) }()
	if _, err := fmt.Fprintf(out, "{\n  \"kind\": %q,\n  \"items\": [", kind); err != nil {
		return err
	}
	separator, end := "\n", "]\n}\n"
	for item, err := range items {
		if err != nil {
			return err
		}
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetIndent("    ", "  ")
		enc.SetEscapeHTML(false)
		if err := enc.Encode(item); err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s    %s", separator, bytes.TrimRight(b.Bytes(), "\n")); err != nil {
			return err
		}
		separator, end = ",\n", "\n  ]\n}\n"
	}
	_, err = io.WriteString(out, end)
	return err
}

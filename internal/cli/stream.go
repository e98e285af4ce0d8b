package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"unicode/utf16"
)

// APIVersion is what every JSON document of both programs begins with.
const APIVersion = "ca-exchange/v1"

// EncodeList writes {"apiVersion": …, "kind": kind, "items": […]} to stdout as Encode would, while the items come.
func EncodeList[T any](t *Terminal, kind string, items iter.Seq2[T, error]) (err error) {
	out := bufio.NewWriterSize(t.Out, 64<<10)
	defer func() { err = errors.Join(err, out.Flush()) }()
	if _, err := fmt.Fprintf(out, "{\n  \"apiVersion\": %q,\n  \"kind\": %q,\n  \"items\": [", APIVersion,
		kind); err != nil {
		return err
	}
	separator, end := "\n", "]\n}\n"
	for item, err := range items {
		if err != nil {
			return err
		}
		text, err := asJSON(item, "    ")
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s    %s", separator, text); err != nil {
			return err
		}
		separator, end = ",\n", "\n  ]\n}\n"
	}
	_, err = out.WriteString(end)
	return err
}

// asJSON is v as indented JSON. Whatever is not ASCII is escaped (RFC 8259 section 7): it may come from a request, and
// the output may go to a terminal, which reverses or hides what some characters surround.
func asJSON(v any, prefix string) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent(prefix, "  ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	out := make([]byte, 0, b.Len())
	for _, r := range string(bytes.TrimRight(b.Bytes(), "\n")) {
		switch {
		case r < 0x7f:
			out = append(out, byte(r))
		case r <= 0xffff:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			high, low := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, high, low)
		}
	}
	return out, nil
}

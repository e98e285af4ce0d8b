package cli

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
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
	_, err = out.WriteString(end)
	return err
}

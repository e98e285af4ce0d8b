// Package metrics writes gauges in the text format of Prometheus (exposition format 0.0.4), as node_exporter's textfile
// collector reads them from a file. It does not serve them.
package metrics

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"ca-exchange/internal/durable"
)

// Gauge is a metric with its samples.
type Gauge struct {
	Name    string
	Help    string // one line
	Samples []Sample
}

// Sample is a value with its labels. No two samples of a gauge may have equal labels.
type Sample struct {
	Labels []Label
	Value  float64
}

// Label is a name, and a value of any bytes.
type Label struct{ Name, Value string }

// Add adds a sample; labels are names and values in turn.
func (g *Gauge) Add(value float64, labels ...string) {
	s := Sample{Value: value}
	for i := 0; i+1 < len(labels); i += 2 {
		s.Labels = append(s.Labels, Label{labels[i], labels[i+1]})
	}
	g.Samples = append(g.Samples, s)
}

// Seconds is a time as the value of a gauge: Unix time.
func Seconds(t time.Time) float64 { return float64(t.Unix()) }

// Text is the gauges that have samples.
func Text(gauges ...Gauge) []byte {
	var out bytes.Buffer
	for _, g := range gauges {
		if len(g.Samples) == 0 {
			continue
		}
		fmt.Fprintf(&out, "# HELP %s %s\n# TYPE %s gauge\n", g.Name, g.Help, g.Name)
		for _, s := range g.Samples {
			out.WriteString(g.Name)
			for i, l := range s.Labels {
				out.WriteByte("{,"[min(i, 1)])
				out.WriteString(l.Name + "=" + quote(l.Value))
			}
			if len(s.Labels) > 0 {
				out.WriteByte('}')
			}
			out.WriteString(" " + strconv.FormatFloat(s.Value, 'f', -1, 64) + "\n")
		}
	}
	return out.Bytes()
}

// quote writes a label's value. The format escapes backslash, quote and LF alone; what is not printable ASCII is
// written as Go writes it, with the backslash as text.
func quote(value string) string {
	inner := strconv.QuoteToASCII(value)
	inner = strings.ReplaceAll(inner[1:len(inner)-1], `\"`, `"`)
	inner = strings.ReplaceAll(inner, `\\`, `\`)
	return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(inner) + `"`
}

// Write replaces a file by the gauges, mode 0644: who collects them is another user, and never sees half of them.
func Write(file string, gauges ...Gauge) error {
	dir, err := durable.Open(filepath.Dir(file))
	if err != nil {
		return err
	}
	return errors.Join(dir.Replace(filepath.Base(file), Text(gauges...), 0o644), dir.Close())
}

package cli

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Logger logs to the terminal: as JSON, or as lines for people, where a warning is a warning line like any other.
// They carry the time only on a terminal that is Timed: who reads a log has it from its collector.
func (t *Terminal) Logger(format string) *slog.Logger {
	if format == "json" {
		return slog.New(slog.NewJSONHandler(lockedErr{t}, nil))
	}
	return slog.New(lines{t: t})
}

// lockedErr keeps JSON lines and other lines apart.
type lockedErr struct{ t *Terminal }

func (w lockedErr) Write(p []byte) (int, error) {
	w.t.mu.Lock()
	defer w.t.mu.Unlock()
	return w.t.Err.Write(p)
}

// lines is the handler for people.
type lines struct {
	t     *Terminal
	attrs []slog.Attr
}

func (h lines) Enabled(_ context.Context, l slog.Level) bool {
	return l >= slog.LevelWarn || l >= slog.LevelInfo && !h.t.Quiet
}

func (h lines) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	b.WriteString(r.Message)
	add := func(a slog.Attr) bool {
		if a.Key == "error" {
			b.WriteString(": " + strings.ReplaceAll(fmt.Sprint(a.Value.Any()), "\n", "; ")) // errors that were joined
		} else {
			fmt.Fprintf(&b, " %s=%s", a.Key, a.Value)
		}
		return true
	}
	for _, a := range h.attrs {
		add(a)
	}
	r.Attrs(add)
	line := b.String()
	if h.t.Timed && isTerminal(h.t.Err) {
		line = r.Time.Format(time.TimeOnly) + " " + line
	}
	if r.Level >= slog.LevelWarn {
		h.t.Warn("%s", line)
	} else {
		h.t.Say("%s", line)
	}
	return nil
}

func (h lines) WithAttrs(attrs []slog.Attr) slog.Handler {
	h.attrs = append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)
	return h
}

func (h lines) WithGroup(string) slog.Handler { return h }

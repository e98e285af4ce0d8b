package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"golang.org/x/term"
)

// Terminal owns all output of a program: results on stdout, everything for people on stderr. There are three kinds
// of line for people: "PROGRAM: error: …", "PROGRAM: warning: …" and "PROGRAM: hint: …", lower case, no full stop.
type Terminal struct {
	Program string
	In      *os.File
	Out     io.Writer
	Err     io.Writer
	JSON    bool
	CSV     bool
	Wide    bool   // tables are not made to fit
	Color   string // auto, always, never
	Quiet   bool
	Timed   bool // log lines for people begin with the time, where they go to a terminal

	own   own
	mu    sync.Mutex // one line at a time: warnings come from several goroutines
	input *bufio.Reader
}

// New is the terminal of a process.
func New(program string) *Terminal {
	return &Terminal{Program: program, In: os.Stdin, Out: os.Stdout, Err: os.Stderr}
}

func (t *Terminal) line(kind, format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := lineColours[kind]; c != "" && t.coloured(t.Err) {
		kind = c + kind + plain
	}
	fmt.Fprintf(t.Err, "%s: %s: %s\n", t.Program, kind, visible(t.Own(fmt.Sprintf(format, args...))))
}

// visible writes out what would steer a terminal or begin another line. What comes from the exchange is quoted where it
// is met; this is for what an error's path brings along.
func visible(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) && r != utf8.RuneError {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// Warn prints a warning line.
func (t *Terminal) Warn(format string, args ...any) { t.line("warning", format, args...) }

// Hint prints a hint line: what the reader probably wants to do next, as a command where there is one.
func (t *Terminal) Hint(format string, args ...any) { t.line("hint", format, args...) }

// Say prints a plain line for people, unless they asked for quiet.
func (t *Terminal) Say(format string, args ...any) {
	if t.Quiet {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintln(t.Err, fold(t.Own(fmt.Sprintf(format, args...)), widthOf(t.Err)))
}

// Print writes a result to stdout.
func (t *Terminal) Print(format string, args ...any) {
	t.mu.Lock()
	defer t.mu.Unlock()
	fmt.Fprintf(t.Out, format+"\n", args...)
}

// Fail prints a command's error and hints, and returns the status to exit with.
func (t *Terminal) Fail(err error) Status {
	status := StatusOf(err)
	if _, printed := errors.AsType[Exit](err); printed || err == nil {
		return status
	}
	for _, one := range joined(err) {
		t.line("error", "%v", one)
	}
	if e, ok := errors.AsType[*Error](err); ok {
		for _, h := range e.Hints {
			t.Hint("%s", h)
		}
	}
	return status
}

// joined are the errors that errors.Join put together, each a line of its own. Any other line feed is part of a file's
// name, and must not begin a line that looks like ours.
func joined(err error) []error {
	if e, ok := errors.AsType[*Error](err); ok && e == err {
		return joined(e.Err)
	}
	several, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return []error{err}
	}
	var text []string
	var all []error
	for _, one := range several.Unwrap() {
		text, all = append(text, one.Error()), append(all, joined(one)...)
	}
	if strings.Join(text, "\n") != err.Error() {
		return []error{err} // fmt.Errorf with several %w says something of its own
	}
	return all
}

// Encode writes v to stdout as indented JSON, in ASCII.
func (t *Terminal) Encode(v any) error {
	text, err := asJSON(v, "")
	if err == nil {
		_, err = t.Out.Write(append(text, '\n'))
	}
	return err
}

// Interactive reports whether a person can be asked.
func (t *Terminal) Interactive() bool {
	return t.In != nil && term.IsTerminal(int(t.In.Fd()))
}

// ErrNobody is returned by Ask where no person can be asked.
var ErrNobody = errors.New("this asks a question, and standard input is not a terminal")

// Ask prints a question and reads one line of answer. It discards input typed before the question was shown: otherwise
// an impatient second key press would decide on a request that nobody has seen.
func (t *Terminal) Ask(ctx context.Context, question string) (string, error) {
	if !t.Interactive() {
		return "", WithStatus(Usage, ErrNobody)
	}
	if err := discardTyped(int(t.In.Fd())); err != nil {
		return "", fmt.Errorf("discarding what was typed before the question: %w", err)
	}
	t.mu.Lock()
	fmt.Fprint(t.Err, question)
	t.mu.Unlock()
	if t.input == nil {
		t.input = bufio.NewReader(t.In)
	}
	type reply struct {
		line string
		err  error
	}
	got := make(chan reply, 1) // the reader may outlive an interrupted question: the process is ending then
	go func() {
		line, err := t.input.ReadString('\n')
		got <- reply{strings.TrimSpace(line), err}
	}()
	select {
	case r := <-got:
		return r.line, r.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// Confirm asks for a yes; anything else is no.
func (t *Terminal) Confirm(ctx context.Context, question string) (bool, error) {
	answer, err := t.Ask(ctx, question+" [y/N] ")
	return strings.EqualFold(answer, "y") || strings.EqualFold(answer, "yes"), err
}

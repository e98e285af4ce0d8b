package cli

import (
	"io"
	"os"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// detail is the beginning of a line that has a label and a text, in two columns.
var detail = regexp.MustCompile(`^ +(?:[^ ]+(?: [^ ]+)*  +)?`)

// fold breaks the lines of a text that begin with blanks between words, so that each fits the terminal; what goes on
// stands below the text, beside the label. Other lines may be commands, and are pasted: the terminal breaks them, which
// adds no line feed to what is copied.
func fold(text string, width int) string {
	if width == 0 || !strings.HasPrefix(text, " ") || strings.Contains(text, "\n") {
		return text
	}
	indent := detail.FindString(text)
	room := width - utf8.RuneCountInString(indent)
	if room < narrowest || utf8.RuneCountInString(text) <= width {
		return text
	}
	lines := wrapped(strings.TrimPrefix(text, indent), room)
	return indent + strings.Join(lines, "\n"+strings.Repeat(" ", utf8.RuneCountInString(indent)))
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// widthOf is how many characters a line of w has; 0 where w is not a terminal.
func widthOf(w io.Writer) int {
	f, ok := w.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

package cli

import (
	"bufio"
	"errors"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode/utf8"
)

// Column is a column of a table. Where the terminal is too narrow, columns of the highest rank are left out first;
// those of rank 0 stay, and their cells wrap.
type Column struct {
	Name string
	Rank int
}

// Table writes rows in columns to stdout; the first row is the heading.
func (t *Terminal) Table(rows [][]string) error {
	heading := make([]Column, len(rows[0]))
	for i, name := range rows[0] {
		heading[i].Name = name
	}
	_, err := t.StreamTable(heading, Rows(rows[1:]))
	return err
}

// Rows gives rows that are there already to StreamTable.
func Rows(rows [][]string) iter.Seq2[[]string, error] {
	return func(yield func([]string, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// StreamTable writes rows in columns to stdout while they come, so that a long table is never in memory. It gives the
// number of rows; without any it writes nothing, not even the heading.
func (t *Terminal) StreamTable(heading []Column, rows iter.Seq2[[]string, error]) (count int, err error) {
	buffered := bufio.NewWriterSize(t.Out, 64<<10)
	defer func() { err = errors.Join(err, buffered.Flush()) }()
	w := &columnWriter{out: buffered, room: t.room(), heading: heading, colour: t.coloured(t.Out)}
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
	if err := errors.Join(w.flush(), buffered.Flush()); err != nil {
		return count, err
	}
	if len(w.left) > 0 && !t.Quiet {
		t.Hint("--wide shows %s, too", strings.Join(w.left, ", "))
	}
	return count, nil
}

// room is how many characters a line of stdout has; 0 where nothing bounds it: a file, a pipe, --wide.
func (t *Terminal) room() int {
	if t.Wide {
		return 0
	}
	return widthOf(t.Out)
}

const (
	// widthRows is how many rows decide how wide the columns of a streamed table are. Longer cells of later rows wrap,
	// or push the rest of their line to the right where nothing bounds it.
	widthRows = 500

	gap       = 2  // between two columns
	narrowest = 10 // that a column becomes before a line is longer than the terminal
)

// columnWriter keeps the first rows until their widths are known.
type columnWriter struct {
	out     io.Writer
	room    int
	colour  bool
	heading []Column
	first   [][]string
	kept    []int    // the columns that are written; nil until then
	widths  []int    // of all columns
	left    []string // the names of columns that are left out
}

func (w *columnWriter) write(row []string) error {
	if w.kept != nil {
		return w.line(row)
	}
	if w.first = append(w.first, row); len(w.first) < widthRows {
		return nil
	}
	return w.flush()
}

func (w *columnWriter) flush() error {
	if w.kept != nil {
		return nil
	}
	names := make([]string, len(w.heading))
	for i, column := range w.heading {
		names[i] = column.Name
	}
	rows := append([][]string{names}, w.first...)
	w.measure(rows)
	w.first = nil
	for _, row := range rows {
		if err := w.line(row); err != nil {
			return err
		}
	}
	return nil
}

// measure finds the widths of the columns, and leaves out and narrows what does not fit.
func (w *columnWriter) measure(rows [][]string) {
	w.widths = make([]int, len(w.heading))
	for _, row := range rows {
		for i, cell := range row {
			w.widths[i] = max(w.widths[i], utf8.RuneCountInString(cell))
		}
	}
	for i := range w.heading {
		w.kept = append(w.kept, i)
	}
	if w.room > 0 {
		w.leaveOut()
	}
	for w.room > 0 && w.total() > w.room {
		widest := slices.MaxFunc(w.kept, func(a, b int) int { return w.widths[a] - w.widths[b] })
		if w.widths[widest] <= narrowest {
			break
		}
		w.widths[widest]--
	}
}

// leaveOut leaves out columns, the highest rank first, and takes back those for which another one made room.
func (w *columnWriter) leaveOut() {
	var left []int
	rank := func(a, b int) int { return w.heading[a].Rank - w.heading[b].Rank }
	for w.total() > w.room {
		last := slices.MaxFunc(w.kept, rank)
		if w.heading[last].Rank == 0 {
			break
		}
		w.kept = slices.DeleteFunc(w.kept, func(i int) bool { return i == last })
		left = append(left, last)
	}
	slices.SortFunc(left, rank)
	for _, i := range left {
		if w.total()+gap+w.widths[i] <= w.room {
			w.kept = append(w.kept, i)
			slices.Sort(w.kept)
		} else {
			w.left = append(w.left, w.heading[i].Name)
		}
	}
}

// total is how long a line of the kept columns is.
func (w *columnWriter) total() int {
	sum := gap * (len(w.kept) - 1)
	for _, i := range w.kept {
		sum += w.widths[i]
	}
	return sum
}

// line writes a row: one line, or several where cells wrap.
func (w *columnWriter) line(row []string) error {
	cells, height := make([][]string, len(row)), 1
	for _, i := range w.kept {
		cells[i] = []string{row[i]}
		if w.room > 0 {
			cells[i] = wrapped(row[i], w.widths[i])
		}
		height = max(height, len(cells[i]))
	}
	var b strings.Builder
	for n := range height {
		pad := 0
		for _, i := range w.kept {
			if n < len(cells[i]) && cells[i][n] != "" {
				cell := cells[i][n]
				b.WriteString(strings.Repeat(" ", pad) + w.paint(cell))
				pad = -utf8.RuneCountInString(cell)
			}
			pad = max(pad+w.widths[i], 0) + gap
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w.out, b.String())
	return err
}

func (w *columnWriter) paint(cell string) string {
	if c := cellColours[cell]; w.colour && c != "" {
		return c + cell + plain
	}
	return cell
}

// wrapped breaks a cell into lines of at most width characters: after a space or a comma where there is one.
func wrapped(cell string, width int) []string {
	var lines []string
	rest := []rune(cell)
	for len(rest) > width {
		end := width
		for i := width; i > 0; i-- {
			if rest[i] == ' ' || rest[i-1] == ',' {
				end = i
				break
			}
		}
		lines = append(lines, strings.TrimRight(string(rest[:end]), " "))
		rest = rest[end:]
		for len(rest) > 0 && rest[0] == ' ' {
			rest = rest[1:]
		}
	}
	return append(lines, string(rest))
}

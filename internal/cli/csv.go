package cli

import (
	"encoding/csv"
	"iter"
	"strings"
)

// StreamCSV writes a header and rows to stdout as RFC 4180 has them, while they come. A cell that a spreadsheet would
// take for a formula gets an apostrophe before it.
func (t *Terminal) StreamCSV(header []string, rows iter.Seq2[[]string, error]) error {
	w := csv.NewWriter(t.Out)
	w.UseCRLF = true
	if err := w.Write(header); err != nil {
		return err
	}
	for row, err := range rows {
		if err != nil {
			return err
		}
		cells := make([]string, len(row))
		for i, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				cell = "'" + cell
			}
			cells[i] = cell
		}
		if err := w.Write(cells); err != nil {
			return err
		}
	}
	w.Flush()
	return w.Error()
}

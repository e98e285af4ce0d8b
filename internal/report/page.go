package report

import (
	_ "embed"
	"html/template"
	"io"
	"time"
)

//go:embed page.html
var page string

// HTML writes a page of its own: no script, no request to anywhere, and every text of a certificate or a request as
// text (html/template).
func HTML(w io.Writer, r Report) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"day":    func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
		"moment": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"left":   r.left,
		"bar":    r.bar,
		"today":  func() int { return windowBack },
		"window": func() int { return window },
		"years":  r.years,
	}).Parse(page)
	if err != nil {
		return err
	}
	return t.Execute(w, r)
}

// left is how long something lasts, in whole days.
func (r Report) left(end time.Time) int { return int(end.Sub(r.Now) / day) }

// years are where years begin in the window, in days from its left.
func (r Report) years() (days []int) {
	for year := r.first().Year() + 1; ; year++ {
		x := int(time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC).Sub(r.first()) / day)
		if x >= window {
			return days
		}
		days = append(days, x)
	}
}

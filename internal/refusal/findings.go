package refusal

import "slices"

// maxFindings bounds what one entry can make a notice say: a thousand bad names are one bad request.
const maxFindings = 32

// Findings gathers refusals while a request is read and judged, each once and at most 32. The zero value is empty.
type Findings struct {
	list   []Refusal
	denied bool
}

// Add notes a broken rule. Behind the bound only the first denial is still taken, so that a flood of holds
// cannot hide it.
func (f *Findings) Add(code Code, field, asked, allowed string) {
	f.Take(New(code, field, asked, allowed))
}

// Take notes refusals that were made elsewhere, by the same rules as Add.
func (f *Findings) Take(refusals ...Refusal) {
	for _, r := range refusals {
		denies := r.Code.Outcome() == Deny
		if len(f.list) >= maxFindings && (f.denied || !denies) || slices.Contains(f.list, r) {
			continue
		}
		f.list = append(f.list, r)
		f.denied = f.denied || denies
	}
}

// List is everything noted so far, in order.
func (f *Findings) List() []Refusal { return f.list }

// Denied reports whether one of the refusals denies.
func (f *Findings) Denied() bool { return f.denied }

package pki

import "slices"

// maxFindings bounds what one entry can make a notice say: a thousand bad names are one bad request.
const maxFindings = 32

// findings gathers refusals while an entry is read, each once.
type findings []Refusal

// add notes a broken rule. Behind the bound only the first denial is still taken, so that a flood of holds
// cannot hide it.
func (f *findings) add(code Code, field, asked, allowed string) {
	r := Refuse(code, field, asked, allowed)
	if len(*f) >= maxFindings && (code.Outcome() != Deny || f.denied()) || slices.Contains(*f, r) {
		return
	}
	*f = append(*f, r)
}

func (f findings) denied() bool { return Worst(f) == Deny }

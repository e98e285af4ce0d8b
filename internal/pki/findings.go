package pki

import "slices"

// maxFindings bounds what one entry can make a notice say: a thousand bad names are one bad request.
const maxFindings = 32

// findings gathers refusals while an entry is read, each once.
type findings struct {
	list   []Refusal
	denied bool
}

// add notes a broken rule. Behind the bound only the first denial is still taken, so that a flood of holds
// cannot hide it.
func (f *findings) add(code Code, field, asked, allowed string) {
	full, denies := len(f.list) >= maxFindings, code.Outcome() == Deny
	if full && (f.denied || !denies) {
		return
	}
	r := Refuse(code, field, asked, allowed)
	if !slices.Contains(f.list, r) {
		f.list = append(f.list, r)
		f.denied = f.denied || denies
	}
}

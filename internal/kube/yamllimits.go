package kube

import (
	"fmt"

	"github.com/goccy/go-yaml/token"
)

// The limits of a file that is read. kubeadm's own files and kubeconfigs stay far below; beyond them the parser
// (goccy/go-yaml 1.19.2) takes seconds, since its time grows with the square of keys and documents, or the whole stack.
const (
	byteLimit     = 256 << 10
	tokenLimit    = 20_000 // keys, values and indicators
	depthLimit    = 64     // of mappings and sequences in each other
	aliasLimit    = 64
	documentLimit = 64
)

// withinLimits refuses what would be expensive to parse, from the tokens alone: reading those takes linear time.
func withinLimits(tokens token.Tokens) error {
	var d depth
	aliases, documents := 0, 0
	for i, t := range tokens {
		switch t.Type {
		case token.AliasType:
			aliases++
		case token.DocumentHeaderType:
			documents++
		}
		d.add(tokens, i)
		switch {
		case i >= tokenLimit:
			return at(t, fmt.Sprintf("the file has more than %d YAML tokens", tokenLimit))
		case d.depth() > depthLimit:
			return at(t, fmt.Sprintf("mappings and sequences are nested more than %d deep", depthLimit))
		case aliases > aliasLimit:
			return at(t, fmt.Sprintf("the file has more than %d aliases", aliasLimit))
		case documents > documentLimit:
			return at(t, fmt.Sprintf("the file has more than %d YAML documents", documentLimit))
		}
	}
	return nil
}

// depth follows how deep the collections at a token are nested: those in brackets by their brackets, those in block
// style by the columns at which their keys and dashes stand.
type depth struct {
	brackets int
	columns  []int // ascending
}

func (d *depth) depth() int { return d.brackets + len(d.columns) }

func (d *depth) add(tokens token.Tokens, i int) {
	t := tokens[i]
	switch t.Type {
	case token.SequenceStartType, token.MappingStartType:
		d.brackets++
	case token.SequenceEndType, token.MappingEndType:
		d.brackets--
	case token.DocumentHeaderType:
		d.columns = nil
	case token.SequenceEntryType, token.MappingKeyType:
		d.block(t.Position.Column)
	case token.MappingValueType:
		if i > 0 { // the key stands before its colon
			d.block(tokens[i-1].Position.Column)
		}
	}
}

func (d *depth) block(column int) {
	if d.brackets > 0 {
		return
	}
	for len(d.columns) > 0 && d.columns[len(d.columns)-1] >= column {
		d.columns = d.columns[:len(d.columns)-1]
	}
	d.columns = append(d.columns, column)
}

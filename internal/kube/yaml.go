package kube

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// text is a string with its position in the file. YAML's other scalars are not strings, not for kubeadm either: its
// reader refuses `kubernetesVersion: 1.34`, and a reader that took it would take 1.30 for 1.3.
type text struct {
	value string
	at    *token.Token
}

func (t *text) UnmarshalYAML(n ast.Node) error {
	t.at = n.GetToken()
	switch n := n.(type) {
	case *ast.StringNode:
		t.value = n.Value
	case *ast.LiteralNode:
		t.value = n.Value.Value
	default:
		return t.errorf("expected a string, found %s: put quotes around it", excerpt(n))
	}
	return nil
}

// excerpt is a node as the file has it, on one line and cut short: an error is for people.
func excerpt(n ast.Node) string {
	s := []rune(strings.Join(strings.Fields(n.String()), " "))
	if len(s) > 40 {
		return string(s[:40]) + "…"
	}
	return string(s)
}

// errorf is an error that names the line of t.
func (t text) errorf(format string, args ...any) error {
	return at(t.at, fmt.Sprintf(format, args...))
}

// number is a whole number, 0 where there is none.
type number struct {
	value int
	text
}

func (i *number) UnmarshalYAML(n ast.Node) error {
	i.at = n.GetToken()
	whole, ok := n.(*ast.IntegerNode)
	if !ok {
		return i.errorf("expected a whole number, found %s", excerpt(n))
	}
	switch v := whole.Value.(type) {
	case int64:
		i.value = int(v)
	case uint64:
		i.value = int(min(v, math.MaxInt32))
	}
	return nil
}

// documents splits a file at its "---" lines; empty documents are left out. Positions count from the file's
// first line.
func documents(b []byte) ([]ast.Node, error) {
	if len(b) > byteLimit {
		return nil, fmt.Errorf("the file has %d bytes, more than %d", len(b), byteLimit)
	}
	tokens := lexer.Tokenize(string(b))
	if err := withinLimits(tokens); err != nil {
		return nil, err
	}
	f, err := parser.Parse(tokens, 0)
	if err != nil {
		return nil, positioned(err)
	}
	var bodies []ast.Node
	for _, d := range f.Docs {
		switch d.Body.(type) {
		case nil, *ast.NullNode, *ast.CommentGroupNode, *ast.DirectiveNode:
		default:
			bodies = append(bodies, d.Body)
		}
	}
	return bodies, noTags(bodies)
}

// noTags refuses "!tag": neither kubeadm's files nor kubeconfigs have any, and the decoder (goccy/go-yaml
// 1.19.2) dereferences nil where a tag stands before nothing and a list is wanted.
func noTags(bodies []ast.Node) error {
	for _, body := range bodies {
		if tags := ast.Filter(ast.TagType, body); len(tags) > 0 {
			return at(tags[0].GetToken(), "YAML tags are not supported here")
		}
	}
	return nil
}

// decode fills v from a document; fields v does not have are ignored.
func decode(body ast.Node, v any) error {
	return positioned(yaml.NodeToValue(body, v))
}

// positioned turns the parser's errors, which draw the source, into one line.
func positioned(err error) error {
	if at, ok := errors.AsType[*positionError](err); ok {
		return at
	}
	if drawn, ok := errors.AsType[yaml.Error](err); ok {
		return at(drawn.GetToken(), drawn.GetMessage())
	}
	return err
}

// positionError is an error in a file the user wrote.
type positionError struct {
	line, column int
	message      string
}

func (e *positionError) Error() string {
	return fmt.Sprintf("line %d, column %d: %s", e.line, e.column, e.message)
}

func at(t *token.Token, message string) error {
	e := &positionError{message: message}
	if t != nil && t.Position != nil {
		e.line, e.column = t.Position.Line, t.Position.Column
	}
	return e
}

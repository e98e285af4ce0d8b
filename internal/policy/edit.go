package policy

import (
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// editor changes single values in the text of policy.yaml. The library's own printer would put comments and blanks
// elsewhere, so only the positions of its nodes are used.
type editor struct{ text string }

// apply writes one change; cluster is what the whole is to become.
func (e *editor) apply(one Change, cluster Cluster) error {
	field := strings.TrimPrefix(one.Field, "cluster.")
	node, isNode := strings.CutPrefix(field, "nodes.")
	switch {
	case isNode:
		return e.setNode(node, cluster.Nodes[node])
	case field == "serviceSubnets":
		return e.setList("$.cluster.serviceSubnets", one, cluster.ServiceSubnets)
	case field == "certSANs":
		return e.setList("$.cluster.certSANs", one, cluster.CertSANs)
	}
	return e.set("$.cluster."+field, quote(one.Added[0]))
}

// quote writes a string as YAML and JSON both read it.
func quote(s string) string { return fmt.Sprintf("%q", s) }

// find gives the node of a path, nil where there is none.
func (e *editor) find(path string) (ast.Node, error) {
	file, err := parser.ParseBytes([]byte(e.text), 0)
	if err != nil {
		return nil, located("policy.yaml", []byte(e.text), err)
	}
	p, err := yaml.PathString(path)
	if err != nil {
		return nil, err
	}
	node, err := p.FilterFile(file)
	if err != nil { // the only error of a path that exists nowhere
		return nil, nil
	}
	return node, nil
}

// set replaces the value of a field, or writes the field anew.
func (e *editor) set(path, value string) error {
	node, err := e.find(path)
	if err != nil {
		return err
	}
	switch n := node.(type) {
	case nil:
		return e.add(path, value)
	case *ast.NullNode: // a key without a value
		return e.add(path, value, e.lineOf(n))
	case *ast.SequenceNode:
		e.replace(n.Start.Position, after(n.End.Position), value)
		return nil
	case ast.ScalarNode:
		at := n.GetToken().Position
		e.replace(at, &token.Position{Line: at.Line, Column: at.Column + e.scalar(at)}, value)
		return nil
	}
	return e.cannot(node)
}

// setList changes a list: one on a line is written again; of one with a line for each item, lines go and come.
func (e *editor) setList(path string, one Change, items []string) error {
	node, err := e.find(path)
	if err != nil {
		return err
	}
	block, ok := node.(*ast.SequenceNode)
	if !ok || block.IsFlowStyle {
		return e.set(path, list(items))
	}
	lines := strings.Split(e.text, "\n")
	last := block.Values[len(block.Values)-1].GetToken().Position.Line
	var more []string
	for _, item := range one.Added {
		more = append(more, strings.Repeat(" ", block.Start.Position.Column-1)+"- "+quote(item))
	}
	lines = slices.Insert(lines, last, more...)
	for _, value := range slices.Backward(block.Values) {
		if slices.Contains(one.Removed, value.GetToken().Value) {
			line := value.GetToken().Position.Line - 1
			lines = slices.Delete(lines, line, line+1)
		}
	}
	e.text = strings.Join(lines, "\n")
	return nil
}

// setNode writes the addresses of one known host.
func (e *editor) setNode(node string, addresses []string) error {
	nodes, err := e.find("$.cluster.nodes")
	if err != nil {
		return err
	}
	all, ok := nodes.(*ast.MappingNode)
	switch {
	case nodes == nil:
		return e.add("$.cluster.nodes", "\n    "+quote(node)+": "+list(addresses))
	case !ok:
		return e.cannot(nodes)
	}
	for _, one := range all.Values {
		if one.Key.GetToken().Value == node {
			have, ok := one.Value.(*ast.SequenceNode)
			if !ok || !have.IsFlowStyle {
				return e.cannot(one)
			}
			e.replace(have.Start.Position, after(have.End.Position), list(addresses))
			return nil
		}
	}
	entry := quote(node) + ": " + list(addresses)
	switch {
	case !all.IsFlowStyle:
		first := all.Values[0].Key.GetToken().Position
		e.insert(first.Line, strings.Repeat(" ", first.Column-1)+entry)
	case len(all.Values) > 0:
		entry += ", "
		fallthrough
	default:
		e.replace(after(all.Start.Position), after(all.Start.Position), entry)
	}
	return nil
}

// add writes a field that is not there, as the first of its mapping; in place of the lines that hold its bare key.
func (e *editor) add(path, value string, bare ...int) error {
	field := strings.TrimPrefix(path, "$.cluster.")
	node, err := e.find("$.cluster")
	if err != nil {
		return err
	}
	for _, line := range bare {
		lines := strings.Split(e.text, "\n")
		e.text = strings.Join(slices.Delete(lines, line-1, line), "\n")
	}
	mapping, ok := node.(*ast.MappingNode)
	switch {
	case node == nil:
		e.text = strings.TrimRight(e.text, "\n") + "\n\ncluster:\n  " + spaced(field, value) + "\n"
	case !ok || mapping.IsFlowStyle || len(mapping.Values) == 0:
		return e.cannot(node)
	default:
		first := mapping.Values[0].Key.GetToken().Position
		e.insert(first.Line, strings.Repeat(" ", first.Column-1)+spaced(field, value))
	}
	return nil
}

func spaced(field, value string) string {
	if strings.HasPrefix(value, "\n") {
		return field + ":" + value
	}
	return field + ": " + value
}

// cannot says which line has a form that the editor does not know.
func (e *editor) cannot(node ast.Node) error {
	at := node.GetToken().Position
	return fmt.Errorf("policy.yaml:%d:%d: a value of this form cannot be changed by this command: edit the file",
		at.Line, at.Column)
}

// insert puts a line before another one, which is counted from 1.
func (e *editor) insert(line int, text string) {
	e.text = strings.Join(slices.Insert(strings.Split(e.text, "\n"), line-1, text), "\n")
}

// replace puts a text in place of what stands between two positions.
func (e *editor) replace(from, until *token.Position, text string) {
	e.text = e.text[:e.offset(from)] + text + e.text[e.offset(until):]
}

// offset is a position in bytes; columns are counted in runes, from 1.
func (e *editor) offset(at *token.Position) int {
	lines := strings.SplitAfter(e.text, "\n")
	offset := len(strings.Join(lines[:at.Line-1], ""))
	return offset + len(string([]rune(lines[at.Line-1])[:at.Column-1]))
}

func (e *editor) lineOf(node ast.Node) int { return node.GetToken().Position.Line }

func after(at *token.Position) *token.Position {
	return &token.Position{Line: at.Line, Column: at.Column + 1}
}

// scalar is how many runes a scalar has that begins at a position: up to its closing quote, or to the comment or the
// end of the line. One that goes on in the next line is not what Amend then reads.
func (e *editor) scalar(at *token.Position) int {
	line := []rune(strings.Split(e.text, "\n")[at.Line-1])[at.Column-1:]
	if line[0] != '"' && line[0] != '\'' {
		text, _, _ := strings.Cut(string(line), " #")
		return len([]rune(strings.TrimRight(text, " \t\r")))
	}
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && line[0] == '"':
			i++
		case line[i] == line[0]:
			return i + 1
		}
	}
	return len(line)
}

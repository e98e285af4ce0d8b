package policy

import (
	"cmp"
	"fmt"
	"regexp"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// What the YAML library says, and how a person who edits the file says it.
var (
	badDuration = regexp.MustCompile(`^time: .*"(.*)"$`)
	notAlias    = regexp.MustCompile(`^could not find alias "(.*)"$`)
	wrongShape  = regexp.MustCompile(`^(\w+) was used where (sequence|mapping) is expected$`)
	tabAtStart  = regexp.MustCompile(`^found character '\t' that cannot start any token$`)
)

// The shapes of values: what is needed where the library says so, and what was found instead.
var (
	shapes = map[string]string{
		"sequence": "a list is needed here: [ONE, ANOTHER]", "mapping": "fields are needed here",
	}
	found = map[string]string{"sequence": "a list", "mapping": "fields"}
	kinds = map[string]string{
		"string": "a text", "bool": "true or false", "int": "a whole number", "uint64": "a number",
		"float64": "a number", "[]interface {}": "a list", "map[string]interface {}": "fields",
	}
)

// plain says a mistake in a file without the words of the library and of our own types.
func plain(message string) string {
	from, rest, ok := strings.Cut(strings.TrimPrefix(message, "cannot unmarshal "), " into Go ")
	if i := strings.LastIndex(rest, "of type "); ok && i >= 0 {
		if needed := rest[i+len("of type "):]; needed != "time.Duration" {
			return fmt.Sprintf("%s is needed here, not %s", cmp.Or(kinds[needed], needed), cmp.Or(kinds[from], from))
		}
		return "a duration is needed here (examples: 5m, 1h)"
	}
	if m := badDuration.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("%q is not a duration (examples: 5m, 1h)", m[1])
	}
	if m := notAlias.FindStringSubmatch(message); m != nil {
		return fmt.Sprintf("quote what begins with a star: \"*%s\"", m[1])
	}
	if m := wrongShape.FindStringSubmatch(message); m != nil {
		return shapes[m[2]] + ", not " + cmp.Or(found[m[1]], "one value")
	}
	if tabAtStart.MatchString(message) {
		return "a line begins with a tab: use blanks"
	}
	return message
}

// checkCount refuses a number that is written out as 0, which would mean the default, or that is not whole.
func (s source) checkCount(path string) error {
	p, err := yaml.PathString(path)
	if err != nil || s.file == nil {
		return nil
	}
	node, err := p.FilterFile(s.file)
	if err != nil || node == nil {
		return nil
	}
	field := path[strings.LastIndex(path, ".")+1:]
	switch node := node.(type) {
	case *ast.FloatNode:
		return s.at(path, "%s is %s, not a whole number", field, node.GetToken().Value)
	case *ast.IntegerNode:
		if fmt.Sprint(node.Value) == "0" {
			return s.at(path, "%s is 0: write a number from 1, or leave the line out for the default", field)
		}
	}
	return nil
}

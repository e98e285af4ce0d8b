package kube

import (
	"fmt"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
)

// arguments are the flags that a configuration gives a component: a mapping in v1beta3, a list of names and values in
// v1beta4. Of a name given twice the last counts, as on a command line.
type arguments map[string]text

func (a *arguments) UnmarshalYAML(n ast.Node) error {
	*a = arguments{}
	switch n := n.(type) {
	case *ast.NullNode:
		return nil
	case *ast.MappingNode, *ast.MappingValueNode:
		var values map[string]text
		if err := yaml.NodeToValue(n, &values); err != nil {
			return err
		}
		*a = values
		return nil
	case *ast.SequenceNode:
		var list []struct {
			Name  text `yaml:"name"`
			Value text `yaml:"value"`
		}
		if err := yaml.NodeToValue(n, &list); err != nil {
			return err
		}
		for _, argument := range list {
			(*a)[argument.Name.value] = argument.Value
		}
		return nil
	}
	return at(n.GetToken(), fmt.Sprintf(
		"expected flags, as a mapping or a list of name and value, found %s", excerpt(n)))
}

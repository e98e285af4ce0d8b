package component

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"

	"ca-exchange/internal/kube"
)

// LayoutPEM is the layout of clusters that were made by hand or with cfssl; LayoutKubeadm is the one without a setting.
const (
	LayoutPEM     = "pem"
	LayoutKubeadm = "kubeadm"
)

func checkLayout(name string) error {
	if name == "" || name == LayoutPEM || name == LayoutKubeadm {
		return nil
	}
	return fmt.Errorf("layout %q: %s or %s", name, LayoutKubeadm, LayoutPEM)
}

// Paths are the files of one profile, below the component directory or absolute. A profile that has a kubeconfig may
// have a pair beside it, or instead of it.
type Paths struct {
	Certificate string `yaml:"certificate,omitempty"`
	Key         string `yaml:"key,omitempty"`
	Kubeconfig  string `yaml:"kubeconfig,omitempty"`
}

// PathMap has the files of profiles by their names.
type PathMap map[string]Paths

// UnmarshalYAML reads the map strictly: what is wrong in it is said with line and column.
func (m *PathMap) UnmarshalYAML(node ast.Node) error {
	mapping, ok := node.(ast.MapNode)
	if !ok {
		return misplaced(node, "paths is not a map of profiles")
	}
	*m = PathMap{}
	taken := map[string]string{}
	for i := mapping.MapRange(); i.Next(); {
		var one Paths
		if err := yaml.NodeToValue(i.Value(), &one, yaml.Strict()); err != nil {
			return err
		}
		name := i.Key().GetToken().Value
		if err := one.check(name); err != nil {
			return misplaced(i.Key(), err.Error())
		}
		for _, file := range one.All() {
			if other, used := taken[file]; used {
				return misplaced(i.Key(), fmt.Sprintf("paths: %s of %s is a file of %s, too", file, name, other))
			}
			taken[file] = name
		}
		(*m)[name] = one
	}
	return nil
}

func misplaced(at ast.Node, message string) error {
	return &yaml.SyntaxError{Message: message, Token: at.GetToken()}
}

// All are the files that are named.
func (p Paths) All() []string {
	return slices.DeleteFunc([]string{p.Certificate, p.Key, p.Kubeconfig}, func(file string) bool { return file == "" })
}

// check holds the files against what the profile has.
func (p Paths) check(name string) error {
	profile, known := kube.Find(kube.Latest(), name)
	switch {
	case !known || profile.Generic():
		return fmt.Errorf("paths: %q is not a profile whose files have a name of their own", name)
	case (p.Certificate == "") != (p.Key == ""):
		return fmt.Errorf("paths: %s: certificate and key go together", name)
	case profile.Kubeconfig == "" && p.Kubeconfig != "":
		return fmt.Errorf("paths: profile %s has no kubeconfig", name)
	case p.Certificate+p.Kubeconfig == "":
		return fmt.Errorf("paths: %s has no files", name)
	}
	for _, file := range p.All() {
		switch {
		case filepath.Clean(file) != file || !filepath.IsAbs(file) && !filepath.IsLocal(file):
			return fmt.Errorf("paths: %q is neither absolute nor below the component directory", file)
		case isPrivate(file):
			return fmt.Errorf("paths: %q is in the private part of the component directory", file)
		}
	}
	return nil
}

// checkBelow holds absolute paths that lead into the component directory dir to what is asked of relative ones.
func (m PathMap) checkBelow(dir string) error {
	taken := map[string]string{}
	for _, name := range m.Profiles() {
		for _, file := range m.Below(dir)[name].All() {
			other, used := taken[file]
			switch {
			case isPrivate(file):
				return fmt.Errorf("paths: %q is in the private part of the component directory", file)
			case used:
				return fmt.Errorf("paths: %s of %s is a file of %s, too", file, name, other)
			}
			taken[file] = name
		}
	}
	return nil
}

// Below is the map with relative paths where they lead below a directory: one file has one name.
func (m PathMap) Below(dir string) PathMap {
	relative := func(file string) string {
		if below, err := filepath.Rel(dir, file); err == nil && filepath.IsAbs(file) && filepath.IsLocal(below) {
			return below
		}
		return file
	}
	all := PathMap{}
	for name, p := range m {
		all[name] = Paths{relative(p.Certificate), relative(p.Key), relative(p.Kubeconfig)}
	}
	return all
}

func isPrivate(file string) bool {
	return file == privateDir || strings.HasPrefix(file, privateDir+"/")
}

// Profiles are the profiles of the map, in alphabetical order.
func (m PathMap) Profiles() []string { return slices.Sorted(maps.Keys(m)) }

// rooted is the directory and the path below it of a file: one that is absolute is below none of ours.
func rooted(root, file string) (string, string) {
	if filepath.IsAbs(file) {
		return "/", file[1:]
	}
	return root, file
}

package policy

import (
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// page is docs/policy.md.
func page(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/policy.md")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// section is the part of the page below a heading.
func section(t *testing.T, heading string) string {
	t.Helper()
	_, rest, found := strings.Cut(page(t), "\n## "+heading+"\n")
	if !found {
		t.Fatalf("docs/policy.md has no section %q", heading)
	}
	text, _, _ := strings.Cut(rest, "\n## ")
	return text
}

// rows are the tables' rows of a section: each cell as it stands, the first without its backticks.
func rows(t *testing.T, heading string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for line := range strings.SplitSeq(section(t, heading), "\n") {
		cells := strings.Split(strings.Trim(line, "| "), " | ")
		if !strings.HasPrefix(line, "| `") {
			continue
		}
		name := strings.Trim(cells[0], "`")
		if found[name] != nil {
			t.Errorf("docs/policy.md lists %q twice", name)
		}
		found[name] = cells[1:]
	}
	return found
}

// fields are the YAML paths that a type has, with the words of the page for their types.
func fields(of reflect.Type, path string) map[string]string {
	found := map[string]string{}
	for i := range of.NumField() {
		f := of.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case !f.IsExported():
		case options == "inline":
			maps.Copy(found, fields(f.Type, path))
		default:
			addField(found, path+tag, f.Type)
		}
	}
	return found
}

func addField(found map[string]string, path string, of reflect.Type) {
	if of.Kind() == reflect.Pointer {
		of = of.Elem()
	}
	switch {
	case of == reflect.TypeFor[time.Duration]():
		found[path] = "duration"
	case of.Kind() == reflect.Bool:
		found[path] = "boolean"
	case of.Kind() == reflect.Int:
		found[path] = "integer"
	case of.Kind() == reflect.String:
		found[path] = "string"
	case of.Kind() == reflect.Struct:
		found[path] = "mapping"
		maps.Copy(found, fields(of, path+"."))
	case of.Kind() == reflect.Map:
		found[path] = "mapping"
		addField(found, path+".NAME", of.Elem())
	case of.Kind() == reflect.Slice && of.Elem().Kind() == reflect.Struct:
		found[path] = "list"
		maps.Copy(found, fields(of.Elem(), path+"[]."))
	case of == reflect.TypeFor[[]string]():
		found[path] = "list"
	default:
		found[path] = "a type that docs_test.go has no word for: " + of.String()
	}
}

var files = map[string]reflect.Type{
	"policy.yaml": reflect.TypeFor[Config](), "requesters.yaml": reflect.TypeFor[Requesters](),
}

// TestFieldsAreDocumented: the page and the parser have the same fields, of the same types.
func TestFieldsAreDocumented(t *testing.T) {
	for file, of := range files {
		known, documented := fields(of, ""), rows(t, file)
		for field, kind := range known {
			switch cells := documented[field]; {
			case cells == nil:
				t.Errorf("docs/policy.md: %s: field %q is missing", file, field)
			case len(cells) < 3 || cells[0] != kind || cells[1] == "":
				t.Errorf("docs/policy.md: %s: field %q: type and default are %q, expected %q and a default", file,
					field, cells, kind)
			}
		}
		for field := range documented {
			if known[field] == "" {
				t.Errorf("docs/policy.md: %s: field %q is not one of the parser's", file, field)
			}
		}
	}
}

// TestDefaultsAreDocumented: what the page calls a default or a limit is the parser's.
func TestDefaultsAreDocumented(t *testing.T) {
	c, err := Parse([]byte("apiVersion: ca-exchange/v1\nkind: Policy\n"))
	if err != nil {
		t.Fatal(err)
	}
	values, cells := c.Cluster.Values("cp1"), rows(t, "policy.yaml")
	backdate := strings.TrimSuffix(c.Certificates.Backdate.String(), "0s")
	oldest := kube.Latest().Minor
	for isRelease(oldest - 1) {
		oldest--
	}
	for _, one := range []struct {
		field string
		cell  int
		want  string
	}{
		{"certificates.days", 1, fmt.Sprintf("`%d`", c.Certificates.Days)},
		{"certificates.days", 2, fmt.Sprintf("1 to %d", daysLimit)},
		{"certificates.maxDays", 2, fmt.Sprintf("`days` to %d", daysLimit)},
		{"profiles.NAME.days", 2, fmt.Sprintf("1 to %d", daysLimit)},
		{"certificates.backdate", 1, "`" + backdate + "`"},
		{"cluster.dnsDomain", 1, "`" + values["dnsDomain"][0] + "`"},
		{"cluster.serviceSubnets", 1, "`" + strings.TrimSuffix(values["serviceIP"][0], "1") + "0/12`"},
		{"cluster.kubernetes", 2, fmt.Sprintf("`1.%d` to `1.%d`", oldest, kube.Latest().Minor)},
	} {
		if row := cells[one.field]; len(row) < 3 || !strings.Contains(row[one.cell], one.want) {
			t.Errorf("docs/policy.md: %q: %q, expected %q in column %d", one.field, row, one.want, one.cell)
		}
	}
	for _, text := range []string{"days: 3651", "days: 400\n  maxDays: 3651", "backdate: 61m"} {
		if _, err := Parse([]byte("apiVersion: ca-exchange/v1\nkind: Policy\ncertificates:\n  " + text +
			"\n")); err == nil {
			t.Errorf("%q is accepted, and docs/policy.md says that it is not", text)
		}
	}
}

func isRelease(minor int) bool {
	_, err := kube.ParseRelease(fmt.Sprintf("1.%d", minor))
	return err == nil
}

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// TestExamplesParse: every example is one, and together they show every field.
func TestExamplesParse(t *testing.T) {
	for file, of := range files {
		shown := map[string]bool{}
		for _, block := range yamlBlock.FindAllStringSubmatch(section(t, file), -1) {
			text := block[1]
			if !strings.HasPrefix(text, "apiVersion:") {
				text = "apiVersion: ca-exchange/v1\nkind: Policy\n" + text
			}
			if err := parseExample(file, []byte(text)); err != nil {
				t.Errorf("docs/policy.md: %v\n%s", err, block[1])
			}
			var tree map[string]any
			if err := yaml.Unmarshal([]byte(text), &tree); err != nil {
				t.Fatal(err)
			}
			collect(shown, "", tree, fields(of, ""))
		}
		for field := range fields(of, "") {
			if !shown[field] {
				t.Errorf("docs/policy.md: %s: no example shows %q", file, field)
			}
		}
	}
}

func parseExample(file string, text []byte) error {
	if file == "requesters.yaml" {
		_, err := ParseRequesters(text)
		return err
	}
	c, err := Parse(text)
	if err != nil {
		return err
	}
	var all []pki.Profile
	for _, p := range kube.Profiles(kube.Latest()) {
		all = append(all, p.Profile)
	}
	_, err = New(c, all, Requesters{})
	return err
}

// collect notes the paths of an example, in the form of fields; known says where a key is anybody's name.
func collect(shown map[string]bool, path string, value any, known map[string]string) {
	shown[strings.TrimSuffix(path, ".")] = true
	switch v := value.(type) {
	case map[string]any:
		for key, below := range v {
			if known[path+key] == "" {
				key = "NAME"
			}
			collect(shown, path+key+".", below, known)
		}
	case []any:
		for _, below := range v {
			collect(shown, strings.TrimSuffix(path, ".")+"[].", below, known)
		}
	}
}

// TestPatternsAreDocumented: the table of patterns says what the program does.
func TestPatternsAreDocumented(t *testing.T) {
	table := rows(t, "Patterns")
	if len(table) < 5 {
		t.Fatalf("docs/policy.md has %d patterns", len(table))
	}
	for pattern, cells := range table {
		for i, want := range []bool{true, false} {
			for name := range strings.SplitSeq(cells[i], ", ") {
				if name = strings.Trim(name, "` |"); (&Policy{}).allowsDNS(Scope{DNS: []string{pattern}},
					name) != want {
					t.Errorf("docs/policy.md: pattern %q, name %q: allowed is %v, expected %v", pattern, name, !want,
						want)
				}
			}
		}
	}
}

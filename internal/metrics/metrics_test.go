package metrics

import (
	"os"
	"path/filepath"
	"testing"
)

// TestText is the whole text: a gauge without samples is left out, and no value of a label begins a line or ends early.
func TestText(t *testing.T) {
	g := Gauge{Name: "a_seconds", Help: "When."}
	g.Add(1769860800, "issuer", "ca", "node", `n"1\`+"\n{} 2\nä")
	g.Add(0.5)
	want := `# HELP a_seconds When.
# TYPE a_seconds gauge
a_seconds{issuer="ca",node="n\"1\\\\n{} 2\\n\\u00e4"} 1769860800
a_seconds 0.5
`
	if got := string(Text(g, Gauge{Name: "none"})); got != want {
		t.Errorf("got:\n%s\nnot:\n%s", got, want)
	}
}

// TestWrite: the file has mode 0644 whatever it had, and nothing else is left.
func TestWrite(t *testing.T) {
	file := filepath.Join(t.TempDir(), "ca.prom")
	if err := os.WriteFile(file, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	g := Gauge{Name: "a", Help: "A."}
	g.Add(1)
	if err := Write(file, g); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(file)
	left, _ := os.ReadDir(filepath.Dir(file))
	if err != nil || info.Mode() != 0o644 || len(left) != 1 {
		t.Errorf("%v %v, %d files", err, info.Mode(), len(left))
	}
}

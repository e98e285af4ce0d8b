package e2e_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestDocumentedSession runs the README's session of both roles, in its order, and looks for every line that the page
// shows among what the programs print. The commands after the first certificate name requests that are nobody's.
func TestDocumentedSession(t *testing.T) {
	t.Parallel()
	x := &exchange{T: t, dir: t.TempDir(), bin: build(t)}
	output, shown := "", 0
	for _, line := range session(t) {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case !isCommand:
			if shown++; !strings.Contains("\n"+output, "\n"+unlike(line)) {
				t.Errorf("README.md shows %q, the programs print\n%s", line, output)
			}
		case command == "ca-admin watch":
			watch := x.command("ca-admin", "watch")
			must(t, watch.Start())
			defer func() { watch.Process.Signal(os.Interrupt); watch.Wait() }()
		default:
			words := strings.Fields(command)
			for i, word := range words {
				if strings.HasPrefix(word, "sha256:") {
					words[i] = x.trust()
				}
			}
			output = unlike(strings.ReplaceAll(x.run(0, words[0], words[1:]...), x.dir, "."))
			if words[1] == "init" && words[0] == "component-admin" { // as the file travels to the CA's host
				x.run(0, "cp", "component/component-admin/identity.pub", ".")
			}
		}
	}
	if shown < 8 {
		t.Errorf("the README shows only %d lines of output", shown)
	}
}

// session are the indented lines of the README's section, up to the first certificate.
func session(t *testing.T) (lines []string) {
	t.Helper()
	text, err := os.ReadFile("../README.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "\n## A session of both roles\n")
	for line := range strings.SplitSeq(rest, "\n") {
		if shown, indented := strings.CutPrefix(line, "    "); indented {
			lines = append(lines, shown)
		}
		if strings.HasPrefix(line, "    installed ") {
			return lines
		}
	}
	t.Fatal("README.md: the session does not end with an installed certificate")
	return nil
}

// unlike takes out what differs from run to run: fingerprints, keys, ids and dates.
func unlike(text string) string {
	text = regexp.MustCompile(`sha256:[0-9a-f…]+`).ReplaceAllString(text, "sha256:…")
	text = regexp.MustCompile(`AAAA[0-9A-Za-z+/…]+`).ReplaceAllString(text, "AAAA…")
	text = regexp.MustCompile(`([0-9a-f]{4}-){7}[0-9a-f]{4}`).ReplaceAllString(text, "id")
	return regexp.MustCompile(`\d{4}-\d\d-\d\d`).ReplaceAllString(text, "date")
}

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
	x.follow("../README.md", session(t, "../README.md", "A session of both roles"))
}

// TestChineseSession runs the same session of the Chinese page, and after it what the page does with a request of
// follow runs the lines of a session.
func (x *exchange) follow(page string, lines []string) {
	x.Helper()
	t, output, shown := x.T, "", 0
	for _, line := range lines {
		command, isCommand := strings.CutPrefix(line, "$ ")
		switch {
		case !isCommand:
			if shown++; !strings.Contains("\n"+output, "\n"+unlike(line)) {
				t.Errorf("%s shows %q, the programs print\n%s", page, line, output)
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
		t.Errorf("%s shows only %d lines of output", page, shown)
	}
}

// session are the indented lines of a page's section, up to the first certificate.
func session(t *testing.T, page, title string) []string {
	t.Helper()
	lines := indented(t, page, title)
	for i, line := range lines {
		if strings.HasPrefix(line, "installed ") {
			return lines[:i+1]
		}
	}
	t.Fatalf("%s: the session does not end with an installed certificate", page)
	return nil
}

// indented are the indented lines of a page's section.
func indented(t *testing.T, page, title string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	_, rest, _ := strings.Cut(string(text), "\n## "+title+"\n")
	section, _, _ := strings.Cut(rest, "\n## ")
	for line := range strings.SplitSeq(section, "\n") {
		if shown, ok := strings.CutPrefix(line, "    "); ok {
			lines = append(lines, shown)
		}
	}
	return lines
}

// unlike takes out what differs from run to run: fingerprints, keys, ids and dates.
func unlike(text string) string {
	text = regexp.MustCompile(`sha256:[0-9a-f…]+`).ReplaceAllString(text, "sha256:…")
	text = regexp.MustCompile(`AAAA[0-9A-Za-z+/…]+`).ReplaceAllString(text, "AAAA…")
	text = regexp.MustCompile(`([0-9a-f]{4}-){7}[0-9a-f]{4}`).ReplaceAllString(text, "id")
	return regexp.MustCompile(`\d{4}-\d\d-\d\d`).ReplaceAllString(text, "date")
}

package e2e_test

import (
	"regexp"
	"strings"
	"testing"
)

// hintLine is a command in a text of the programs: after a backtick, a colon, the beginning of a string, "with" or
// "by".
var hintLine = regexp.MustCompile("(?:[`\"]|: |with |by )((?:ca-admin|component-admin) (?:--dir [^ ]+ )?[a-z]+" +
	"(?: [^`\"\\n;]*)?)")

// noHint are texts that name a program without showing a command, and commands that hints already name and that do not
// exist yet: take a word out once its command exists.
var noHint = regexp.MustCompile(`^[a-z]+-admin (?:needs|is|has|cannot|does) ` +
	`|^component-admin forget|^component-admin trust .*--replace|--authority`)

// TestHintsExist holds every command that the programs print against their own help, as documents are: a hint that is
// refused is worse than none.
func TestHintsExist(t *testing.T) {
	long(t)
	bin := build(t)
	found := 0
	productFiles(t, func(path, text string) {
		for line := range strings.SplitSeq(text, "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "//") {
				continue
			}
			for _, match := range hintLine.FindAllStringSubmatch(line, -1) {
				if found++; !noHint.MatchString(match[1]) {
					checkCommand(t, bin, path, match[1])
				}
			}
		}
	})
	if found < 40 {
		t.Errorf("only %d commands were found in the sources", found)
	}
}

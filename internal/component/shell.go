package component

import (
	"regexp"
	"strings"
)

// harmless are words that every POSIX shell reads as themselves (POSIX.1 XCU 2.2 lists what has to be quoted).
var harmless = regexp.MustCompile(`^[A-Za-z0-9_@%+=:,./-]+$`)

// Command quotes words so that a person can paste them into a shell.
func Command(words ...string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = word
		if !harmless.MatchString(word) {
			quoted[i] = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
	}
	return strings.Join(quoted, " ")
}

package policy

import (
	"errors"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"ca-exchange/internal/pki"
)

// checkGlob checks a pattern for names: letters, digits, hyphens and dots; "*" stands for any run without a dot, "**"
// for any run.
func checkGlob(p string) error {
	for _, c := range []byte(p) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '*') {
			return errors.New(`a pattern has letters, digits, "-", ".", "*" (no dot) and "**" (anything)`)
		}
	}
	return checkStars(p)
}

// checkUserGlob checks a pattern for users and groups, which may hold any printable character.
func checkUserGlob(p string) error {
	switch {
	case strings.ContainsFunc(p, func(r rune) bool { return !unicode.IsPrint(r) }) || !utf8.ValidString(p):
		return errors.New("a pattern has printable characters")
	case reservedPrefix(p):
		return errors.New("names that begin with \"system:\" or \"kubeadm:\" are reserved for built-in profiles")
	}
	return checkStars(p)
}

// checkWildcard checks a wildcard name, which grants itself alone.
func checkWildcard(name string) error {
	if err := pki.CheckDNSName(name); err != nil {
		return err
	}
	if !strings.HasPrefix(name, "*.") {
		return errors.New("a wildcard name begins with \"*.\"; others belong into dns")
	}
	return nil
}

func checkStars(p string) error {
	switch {
	case p == "":
		return errors.New("an empty pattern")
	case strings.Contains(p, "***"):
		return errors.New(`"*" (no dot) or "**" (anything)`)
	}
	return nil
}

// matchesAny compares names: without case.
func matchesAny(patterns []string, s string) bool {
	s = strings.ToLower(s)
	return slices.ContainsFunc(patterns, func(p string) bool { return matchGlob(strings.ToLower(p), s) })
}

// matchesExactly compares users and groups, which Kubernetes tells apart by case.
func matchesExactly(patterns []string, s string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return matchGlob(p, s) })
}

// matchGlob walks the name once and keeps the set of places in the pattern that it may have reached, so that no
// pattern costs more than its length times the name's.
func matchGlob(pattern, s string) bool {
	at := make([]bool, len(pattern)+1)
	reach(pattern, at, 0)
	for i := range len(s) {
		next := make([]bool, len(pattern)+1)
		for p := range len(pattern) {
			switch {
			case !at[p]:
			case pattern[p] != '*':
				if pattern[p] == s[i] {
					reach(pattern, next, p+1)
				}
			case s[i] != '.' || strings.HasPrefix(pattern[p:], "**"):
				reach(pattern, next, p)
			}
		}
		at = next
	}
	return at[len(pattern)]
}

// reach marks a place in the pattern, and the one behind a star, which may stand for nothing.
func reach(pattern string, at []bool, p int) {
	at[p] = true
	if p < len(pattern) && pattern[p] == '*' {
		width := 1
		if strings.HasPrefix(pattern[p:], "**") {
			width = 2
		}
		reach(pattern, at, p+width)
	}
}

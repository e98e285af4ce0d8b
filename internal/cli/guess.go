package cli

import (
	"slices"
	"strings"
)

// Guess is the word of a list that was probably meant: one of which it is the beginning or the end, else the one from
// which the fewest letters differ, a third at most; "" where none is near.
func Guess(word string, of []string) string {
	var best string
	least := len(word)/3 + 1
	for _, one := range of {
		if len(word) >= 4 && (strings.HasSuffix(one, "-"+word) || strings.HasPrefix(one, word+"-")) {
			return one
		}
		if d := distance(strings.ToLower(word), strings.ToLower(one)); d < least {
			best, least = one, d
		}
	}
	return best
}

// DidYouMean is a hint for a word that is not in a list: the one that was probably meant, or what lists them.
func DidYouMean(word string, of []string, list string) string {
	if guess := Guess(word, of); guess != "" {
		return "did you mean " + guess + "?"
	}
	return list
}

// distance is how many letters have to be put in, taken out or changed to turn one word into another (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		before := slices.Clone(row)
		row[0] = i + 1
		for j := range len(b) {
			changed := before[j]
			if a[i] != b[j] {
				changed++
			}
			row[j+1] = min(changed, before[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

package request

import (
	"encoding/hex"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	der "golang.org/x/crypto/cryptobyte/asn1"
)

// The string types of X.680 that are found where a DirectoryString belongs.
const (
	utf8String      = der.Tag(12)
	numericString   = der.Tag(18)
	printableString = der.Tag(19)
	teletexString   = der.Tag(20)
	ia5String       = der.Tag(22)
	visibleString   = der.Tag(26)
	universalString = der.Tag(28)
	bmpString       = der.Tag(30)
)

// decodeString reads a string of any type, strictly: what one reader would see and another would not is refused.
func decodeString(tag der.Tag, b []byte) (string, bool) {
	s := string(b)
	switch tag {
	case utf8String:
		return s, utf8.ValidString(s)
	case numericString:
		return s, strings.Trim(s, "0123456789 ") == ""
	case printableString:
		return s, !strings.ContainsFunc(s, func(c rune) bool { return !inPrintableString(c) })
	case ia5String, visibleString, teletexString:
		// T.61 beyond ASCII means another character to every reader.
		return s, isASCII(s)
	case bmpString:
		return decodeBMP(b)
	case universalString:
		return decodeUniversal(b)
	}
	return "", false
}

// decodeLoosely reads what decodeString does, and what old tools write: any ASCII in a PrintableString, Latin-1 in a
// TeletexString.
func decodeLoosely(tag der.Tag, b []byte) (string, bool) {
	s, ok := decodeString(tag, b)
	switch {
	case ok:
		return s, true
	case tag == printableString:
		return s, isASCII(s)
	case tag == teletexString:
		runes := make([]rune, len(b))
		for i, c := range b {
			runes[i] = rune(c)
		}
		return string(runes), true
	}
	return "", false
}

// hexValue shows the first octets of a value that cannot be read as text.
func hexValue(b []byte) string {
	const shown = 32
	if len(b) > shown {
		return "#" + hex.EncodeToString(b[:shown]) + "..."
	}
	return "#" + hex.EncodeToString(b)
}

// inPrintableString allows the three characters beyond X.680 41.4 that tools write into a PrintableString: node-forge a
// wildcard's asterisk, others company names and host names. Other readers take them, too.
func inPrintableString(c rune) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' ||
		strings.ContainsRune(" '()+,-./:=?*&_", c)
}

// decodeBMP reads UCS-2. A surrogate is no character of it, although some readers make pairs of them.
func decodeBMP(b []byte) (string, bool) {
	if len(b)%2 != 0 {
		return "", false
	}
	var s strings.Builder
	for i := 0; i < len(b); i += 2 {
		c := rune(b[i])<<8 | rune(b[i+1])
		if utf16.IsSurrogate(c) {
			return "", false
		}
		s.WriteRune(c)
	}
	return s.String(), true
}

// decodeUniversal reads UCS-4.
func decodeUniversal(b []byte) (string, bool) {
	if len(b)%4 != 0 {
		return "", false
	}
	var s strings.Builder
	for i := 0; i < len(b); i += 4 {
		c := rune(uint32(b[i])<<24 | uint32(b[i+1])<<16 | uint32(b[i+2])<<8 | uint32(b[i+3]))
		if !utf8.ValidRune(c) {
			return "", false
		}
		s.WriteRune(c)
	}
	return s.String(), true
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return c >= utf8.RuneSelf })
}

// isPrintable refuses what a screen would not show as itself: controls, invisible characters and those that turn
// the writing direction, every space but the plain one, and what stands for bytes that could not be decoded.
func isPrintable(s string) bool {
	return !strings.ContainsFunc(s, func(c rune) bool { return !unicode.IsPrint(c) || c == utf8.RuneError })
}

// isPrintableOrBlank is isPrintable with every blank of Unicode allowed, such as the no-break space.
func isPrintableOrBlank(s string) bool {
	return isPrintable(strings.Map(func(c rune) rune {
		if unicode.Is(unicode.Zs, c) {
			return ' '
		}
		return c
	}, s))
}

package request

import (
	"bytes"
	"unicode/utf8"

	"ca-exchange/internal/refusal"
)

// foreignStarts name for a person what was dropped instead of a request.
var foreignStarts = [...]struct{ start, what string }{
	{"\xef\xbb\xbf", "a byte order mark"},
	{"\xff\xfe", "UTF-16"},
	{"\xfe\xff", "UTF-16"},
	{"\x1f\x8b", "a gzip archive"},
	{"PK\x03\x04", "a zip archive"},
	{"BZh", "a bzip2 archive"},
	{"\xfd7zXZ", "an xz archive"},
	{"\x28\xb5\x2f\xfd", "a zstd archive"},
	{"\x30\x82", "DER instead of PEM"},
	{"\x30\x81", "DER instead of PEM"},
	{"-\x00-\x00", "UTF-16"},
	{"\x00-\x00-", "UTF-16"},
}

// checkText reports whether the entry is text at all: UTF-8 without control characters, of bounded size.
func checkText(entry []byte, found *refusal.Findings) bool {
	if len(entry) > refusal.MaxEntry {
		found.Add(refusal.EntryTooLarge, "entry", "", "at most 64 KiB")
		return false
	}
	for _, f := range foreignStarts {
		if bytes.HasPrefix(entry, []byte(f.start)) {
			found.Add(refusal.EntryEncoding, "entry", f.what, "PEM, in UTF-8 without a byte order mark")
			return false
		}
	}
	// A file that is being copied over SMB has its whole size at once, and zeros where nothing was written yet.
	if text := bytes.TrimRight(entry, "\x00"); len(text) < len(entry) && isText(text) && !bytes.Contains(text, []byte("-----END ")) {
		found.Add(refusal.EntryIncomplete, "entry", "", "an END line")
		return false
	}
	if !isText(entry) {
		found.Add(refusal.EntryEncoding, "entry", "", "PEM, in UTF-8 without control characters")
		return false
	}
	return true
}

// isText accepts UTF-8 whose only control characters are tab, LF, and CR before LF or before what is still to come.
func isText(b []byte) bool {
	for i, c := range b {
		switch {
		case c == '\r' && i+1 < len(b) && b[i+1] != '\n':
			return false
		case c < ' ' && c != '\t' && c != '\n' && c != '\r', c == 0x7f:
			return false
		}
	}
	return utf8.Valid(b)
}

// cutCover returns the cover's bytes, from the first to the LF of its last line (nil for a plain CSR), and the
// offset of what follows its blank line.
func cutCover(entry []byte, found *refusal.Findings) (cover []byte, body int) {
	half := len(entry) > 0 && len(entry) < len(coverStart) && bytes.HasPrefix([]byte(coverStart), entry)
	if !half && !bytes.HasPrefix(entry, []byte(coverStart)) {
		return nil, 0
	}
	end := bytes.Index(entry, []byte("\n\n"))
	switch {
	case end >= 0:
		return entry[:end+1], end + 2
	case !bytes.Contains(entry, []byte("-----END ")):
		found.Add(refusal.EntryIncomplete, "entry", "", "an END line")
	default:
		found.Add(refusal.CoverMalformed, "cover", "no blank line after it", "LF at the end of every line, and a blank line below the cover")
	}
	return nil, 0
}

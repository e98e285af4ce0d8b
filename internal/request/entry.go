package request

import (
	"bytes"
	"strconv"
	"unicode/utf8"

	"ca-exchange/internal/refusal"
)

// byteOrderMark is what some editors write before UTF-8.
const byteOrderMark = "\xef\xbb\xbf"

// foreignStarts name for a person what was dropped instead of a request.
var foreignStarts = [...]struct{ start, what string }{
	{"\x1f\x8b", "a gzip archive"},
	{"PK\x03\x04", "a zip archive"},
	{"BZh", "a bzip2 archive"},
	{"\xfd7zXZ", "an xz archive"},
	{"\x28\xb5\x2f\xfd", "a zstd archive"},
}

// utf16Starts are the beginnings of a request in UTF-16, with the name that iconv has for it.
var utf16Starts = [...]struct{ start, charset string }{
	{"\xff\xfe", "UTF-16"},
	{"\xfe\xff", "UTF-16"},
	{"-\x00-\x00", "UTF-16LE"},
	{"\x00-\x00-", "UTF-16BE"},
}

// checkText reports whether the entry is text at all: UTF-8 without control characters, of bounded size.
func checkText(entry []byte, found *refusal.Findings) bool {
	switch text := bytes.TrimRight(entry, "\x00"); {
	case len(entry) > refusal.MaxEntry:
		found.Add(refusal.EntryTooLarge, "entry", "", "at most 64 KiB")
	case !checkStart(entry, found):
	case len(text) < len(entry) && isText(text) && !bytes.Contains(text, []byte("-----END ")):
		// A file that is being copied over SMB has its whole size at once, and zeros where nothing was written yet.
		found.Add(refusal.EntryIncomplete, "entry", "", "an END line")
	case isText(entry):
		return true
	case isText(bytes.ReplaceAll(entry, []byte("\r"), []byte("\n"))):
		found.Add(refusal.EntryLineEnds, "entry", "CR", "LF, or CR and LF")
	default:
		found.Add(refusal.EntryEncoding, "entry", "", "PEM, in UTF-8 without control characters")
	}
	return false
}

// checkStart recognises what is not text by its first bytes.
func checkStart(entry []byte, found *refusal.Findings) bool {
	for _, f := range utf16Starts {
		if bytes.HasPrefix(entry, []byte(f.start)) {
			found.Add(refusal.EntryUTF16, "entry", f.charset, "UTF-8: iconv -f "+f.charset+" -t UTF-8")
			return false
		}
	}
	for _, f := range foreignStarts {
		if bytes.HasPrefix(entry, []byte(f.start)) {
			found.Add(refusal.EntryEncoding, "entry", f.what, "a request in PEM or DER")
			return false
		}
	}
	return true
}

// isDER reports whether the entry begins as a request in DER does: a SEQUENCE with a length of several octets.
func isDER(entry []byte) bool { return len(entry) > 1 && entry[0] == 0x30 && entry[1] >= 0x80 }

// checkDER compares the entry's size with the length that its DER begins with: a copy under way is shorter.
func checkDER(entry []byte, found *refusal.Findings) bool {
	octets := int(entry[1] & 0x7f)
	if octets < 1 || octets > 3 {
		found.Add(refusal.EntryEncoding, "entry", "a length of "+strconv.Itoa(octets)+" octets", "a request in DER")
		return false
	}
	size := 2 + octets
	if len(entry) >= size {
		length := 0
		for _, b := range entry[2:size] {
			length = length<<8 | int(b)
		}
		size += length
	}
	switch {
	case len(entry) < size:
		found.Add(refusal.EntryIncomplete, "entry", strconv.Itoa(len(entry))+" octets",
			strconv.Itoa(size)+" octets of DER")
	case len(entry) > size:
		found.Add(refusal.EntryBlocks, "entry", strconv.Itoa(len(entry))+" octets", strconv.Itoa(size)+" octets of DER")
	}
	return len(entry) == size
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
		found.Add(refusal.CoverMalformed, "cover", "no blank line after it",
			"LF at the end of every line, and a blank line below the cover")
	}
	return nil, 0
}

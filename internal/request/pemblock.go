package request

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"

	"ca-exchange/internal/refusal"
)

// The labels of what an entry may hold.
const (
	labelRequest    = "CERTIFICATE REQUEST"
	labelNewRequest = "NEW CERTIFICATE REQUEST" // keytool and certreq
	labelSignature  = "SSH SIGNATURE"
)

// block is one PEM block of an entry: offsets from the BEGIN line's first byte to behind the END line.
type block struct {
	label      string
	der        []byte
	start, end int
}

// readBlocks reads the entry from offset on: text, one CSR, its signatures. encoding/pem is no help here: it
// skips what it does not like, reads headers, and starts again inside a broken block. What it returns is
// meaningful only where nothing was denied.
func readBlocks(entry []byte, from int, found *refusal.Findings) []block {
	var blocks []block
	for pos := from; pos < len(entry); {
		line, next := cutLine(entry, pos)
		label, begins := boundary(line, "BEGIN")
		switch {
		case begins:
			b, ok := readBlock(entry, pos, next, label, found)
			if !ok {
				return nil
			}
			blocks = append(blocks, b)
			next = b.end
		case len(line) == 0 && from == 0:
		case next == len(entry) && entry[next-1] != '\n' && halfBegin(line):
			found.Add(refusal.EntryIncomplete, "entry", "", "an END line")
			return nil
		case from > 0 || len(blocks) > 0:
			found.Add(refusal.EntryBlocks, "entry", line, "nothing between or behind the blocks")
			return nil
		case !checkTextLine(line, found):
			return nil
		}
		pos = next
	}
	// A cover alone, and text that stops inside a line, may be the beginning of a request.
	if len(blocks) == 0 && (from > 0 || len(entry) == 0 || entry[len(entry)-1] != '\n') {
		found.Add(refusal.EntryIncomplete, "entry", "", "an END line")
		return nil
	}
	checkLabels(blocks, found)
	return blocks
}

// cutLine returns the line at pos without its end and without blanks there, which openssl overlooks too.
func cutLine(entry []byte, pos int) (line string, next int) {
	next = len(entry)
	if i := bytes.IndexByte(entry[pos:], '\n'); i >= 0 {
		next = pos + i + 1
	}
	return string(bytes.TrimRight(entry[pos:next], " \t\r\n")), next
}

// boundary returns the label of a BEGIN or END line.
func boundary(line, word string) (label string, ok bool) {
	label, ok = strings.CutPrefix(line, "-----"+word+" ")
	if !ok {
		return "", false
	}
	label, ok = strings.CutSuffix(label, "-----")
	return label, ok && strings.Trim(label, "-") == label
}

// halfBegin reports whether a line that no LF ends may become a BEGIN line.
func halfBegin(line string) bool {
	for _, label := range [...]string{labelRequest, labelNewRequest, labelSignature} {
		if strings.HasPrefix("-----BEGIN "+label+"-----", line) {
			return true
		}
	}
	return false
}

// checkTextLine refuses text above a plain CSR that is a damaged boundary or a damaged cover.
func checkTextLine(line string, found *refusal.Findings) bool {
	switch {
	case strings.Contains(line, "-----BEGIN"), strings.Contains(line, "-----END"), strings.HasPrefix(line, "-----"):
		found.Add(refusal.EntryPEM, "entry", line, "-----BEGIN CERTIFICATE REQUEST----- on a line of its own")
	case strings.HasPrefix(strings.ToLower(strings.TrimSpace(line)), "certificate-request:"):
		found.Add(refusal.CoverMalformed, "cover", line, "\"Certificate-Request: v1\" as the entry's first bytes")
	default:
		return true
	}
	return false
}

// readBlock reads from the BEGIN line at start, whose next line is at pos, through the END line.
func readBlock(entry []byte, start, pos int, label string, found *refusal.Findings) (block, bool) {
	var body []byte
	end := "-----END " + label + "-----"
	for pos < len(entry) {
		line, next := cutLine(entry, pos)
		switch {
		case line == end:
			der, err := base64.StdEncoding.Strict().DecodeString(string(body))
			if err != nil {
				found.Add(refusal.EntryPEM, "entry", err.Error(), "base64 (RFC 7468)")
				return block{}, false
			}
			return block{label, der, start, next}, true
		case next == len(entry) && strings.HasPrefix(end, line):
			pos = next // the half of an END line
		case strings.ContainsAny(line, "-:"):
			found.Add(refusal.EntryPEM, "entry", line, "base64, then "+end)
			return block{}, false
		default:
			body = append(body, line...)
			pos = next
		}
	}
	found.Add(refusal.EntryIncomplete, "entry", "", end)
	return block{}, false
}

// checkLabels holds the blocks against the form of an entry.
func checkLabels(blocks []block, found *refusal.Findings) {
	isRequest := func(b block) bool { return b.label == labelRequest || b.label == labelNewRequest }
	switch i := slices.IndexFunc(blocks, isRequest); {
	case len(blocks) == 0:
		found.Add(refusal.EntryNoRequest, "entry", "", "a CERTIFICATE REQUEST in PEM")
	case i < 0:
		found.Add(refusal.EntryNoRequest, "entry", blocks[0].label, "a CERTIFICATE REQUEST in PEM")
	case len(blocks) > 1 && blocks[1].label != labelSignature:
		found.Add(refusal.EntryBlocks, "entry", blocks[1].label, "one request and its signature")
	case len(blocks) > 2:
		found.Add(refusal.EntryBlocks, "entry", blocks[2].label, "one request and its signature")
	}
}

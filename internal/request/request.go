package request

import (
	"bytes"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// Request is one entry that was read and found well-formed: what policy decides about. Only Parse makes one that
// counts: policy denies a literal, which Parsed shows.
type Request struct {
	ID        pki.ID
	Bytes     []byte // the entry, as read
	Cover     *Cover // nil for a plain CSR
	CSR       *CSR
	Signature *Signature // nil when unsigned

	parsed bool // set at the end of Parse, where nothing denied the entry
}

// Parsed reports whether the request came out of Parse.
func (r *Request) Parsed() bool { return r != nil && r.parsed }

// Unsigned reports whether nobody vouches for the request: its cover, if any, counts as a wish.
func (r *Request) Unsigned() bool { return r.Signature == nil }

// Parse reads one entry strictly:
//
//	plain      mark? text? CSR blank*, or the CSR's DER
//	covered    cover LF CSR [signature]
//
// The CSR is one PEM block. A plain one may have CRLF, a byte order mark, blank lines and text above it, as other tools
// write; a covered one is exactly what Encode writes. A request is returned unless something denies it; what only holds
// it is returned beside it.
//
// The request keeps entry: the caller must not change it. EntryPrivateKey comes alone and repeats nothing.
func Parse(entry []byte, blocked Blocklist) (*Request, []refusal.Refusal) {
	return parse(entry, blocked, nil)
}

func parse(entry []byte, blocked Blocklist, tested *Tested) (*Request, []refusal.Refusal) {
	var found refusal.Findings
	// First of all, so that no other finding quotes a secret.
	if HoldsPrivateKey(entry) {
		found.Add(refusal.EntryPrivateKey, "entry", "", "a request only: the key stays on its host")
		return nil, found.List()
	}
	r := &Request{Bytes: entry}
	cover, blocks, ok := r.readEntry(&found)
	if !ok {
		return nil, found.List()
	}
	csr, refusals := parseCSR(blocks[0].der, blocked, tested)
	r.CSR = csr
	found.Take(refusals...)
	if cover != nil && csr != nil && len(blocks) > 1 {
		r.readSignature(blocks[1], &found)
	}
	if found.Denied() {
		return nil, found.List()
	}
	r.ID, r.parsed = pki.RequestID(cover, csr.Info), true
	return r, found.List()
}

// readEntry takes the entry apart: the cover's bytes, which are nil for a plain CSR, and the blocks, the CSR's first.
// It returns false where nothing more can be read.
func (r *Request) readEntry(found *refusal.Findings) (cover []byte, blocks []block, ok bool) {
	if isDER(r.Bytes) && len(r.Bytes) <= refusal.MaxEntry {
		return nil, []block{{label: labelRequest, der: r.Bytes}}, checkDER(r.Bytes, found)
	}
	text, marked := bytes.CutPrefix(r.Bytes, []byte(byteOrderMark))
	if !marked && strings.HasPrefix(byteOrderMark, string(text)) && len(text) > 0 {
		found.Add(refusal.EntryIncomplete, "entry", "", "an END line")
		return nil, nil, false
	}
	if !checkText(text, found) {
		return nil, nil, false
	}
	cover, body := cutCover(text, found)
	if cover != nil && marked {
		found.Add(refusal.CoverMalformed, "cover", "a byte order mark",
			"\"Certificate-Request: v1\" as the entry's first bytes")
	}
	if found.Denied() {
		return nil, nil, false
	}
	blocks = readBlocks(text, body, found)
	switch {
	case found.Denied():
		return nil, nil, false
	case cover != nil:
		r.readCover(cover, blocks, found)
	case len(blocks) > 1:
		found.Add(refusal.SignatureUncovered, "signature", blocks[1].label,
			"a cover above the request, or no signature")
	}
	return cover, blocks, true
}

// readCover parses the cover and holds everything up to the CSR's END line against its one encoding: two
// entries with the same cover and CSR never differ but in their signatures.
func (r *Request) readCover(cover []byte, blocks []block, found *refusal.Findings) {
	c, err := parseCover(cover)
	if err != nil {
		found.Add(refusal.CoverMalformed, "cover", err.Error(), "the lines component-admin writes")
		return
	}
	r.Cover = c
	csr := blocks[0]
	switch want := Encode(c, csr.der); {
	case bytes.Equal(r.Bytes[:csr.end], want):
	case len(blocks) == 1 && bytes.HasPrefix(want, r.Bytes):
		found.Add(refusal.EntryIncomplete, "entry", "", "a line feed at the end")
	default:
		found.Add(refusal.EntryPEM, "entry", "",
			"a CSR in PEM lines of 64 characters, right below the cover's blank line")
	}
}

// readSignature verifies the requester's signature over every byte above it.
func (r *Request) readSignature(b block, found *refusal.Findings) {
	signature, err := parseSignature(r.Bytes[:b.start], b.der, requestNamespace)
	if err != nil {
		found.Add(refusal.SignatureBroken, "signature", err.Error(),
			"an SSHSIG of namespace "+requestNamespace+" over every byte above it")
		return
	}
	r.Signature = signature
}

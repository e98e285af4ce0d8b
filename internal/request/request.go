package request

import (
	"bytes"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// Request is one entry that was read and found well-formed: what policy decides about. It exists only where
// nothing in the entry's bytes is denied.
type Request struct {
	ID        pki.ID
	Bytes     []byte // the entry, as read
	Cover     *Cover // nil for a plain CSR
	CSR       *CSR
	Signature *Signature // nil when unsigned
	Renewal   *Signature // by the key of the certificate that the cover wants replaced; nil without that block
}

// Unsigned says that nobody vouches for the request: its cover, if any, counts as a wish.
func (r *Request) Unsigned() bool { return r.Signature == nil }

// ParseRequest reads one entry strictly:
//
//	plain      text? CSR blank*
//	covered    cover LF CSR [signature [renewal signature]]
//
// The CSR is one PEM block. A plain one may have CRLF, blank lines and text above it, as other tools write; a
// covered one is exactly what EncodeRequest writes. A request is returned unless something denies it; what
// only holds it is returned beside it.
//
// The request keeps entry: the caller must not change it. EntryPrivateKey comes alone and repeats nothing.
func Parse(entry []byte, blocked Blocklist) (*Request, []refusal.Refusal) {
	var found refusal.Findings
	// First of all, so that no other finding quotes a secret.
	if holdsPrivateKey(entry) {
		found.Add(refusal.EntryPrivateKey, "entry", "", "a request only: the key stays on its host")
		return nil, found.List()
	}
	if !checkText(entry, &found) {
		return nil, found.List()
	}
	r := &Request{Bytes: entry}
	cover, body := cutCover(entry, &found)
	if found.Denied() {
		return nil, found.List()
	}
	blocks := readBlocks(entry, body, &found)
	if found.Denied() {
		return nil, found.List()
	}
	if cover != nil {
		r.readCover(cover, blocks, &found)
	} else if len(blocks) > 1 {
		found.Add(refusal.SignatureUncovered, "signature", blocks[1].label, "a cover above the request, or no signature")
	}
	var refusals []refusal.Refusal
	r.CSR, refusals = ParseCSR(blocks[0].der, blocked)
	found.Take(refusals...)
	if cover != nil && r.CSR != nil {
		r.readSignatures(blocks[1:], &found)
	}
	if found.Denied() {
		return nil, found.List()
	}
	r.ID = pki.RequestID(cover, r.CSR.Info)
	return r, found.List()
}

// readCover parses the cover and holds everything up to the CSR's END line against its one encoding: two
// entries with the same cover and CSR never differ but in their signatures.
func (r *Request) readCover(cover []byte, blocks []block, found *refusal.Findings) {
	c, err := ParseCover(cover)
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
		found.Add(refusal.EntryPEM, "entry", "", "a CSR in PEM lines of 64 characters, right below the cover's blank line")
	}
}

// readSignatures verifies the requester's signature and a renewal's, each over every byte above it.
func (r *Request) readSignatures(blocks []block, found *refusal.Findings) {
	for i, b := range blocks {
		namespace, into := requestNamespace, &r.Signature
		if i == 1 {
			namespace, into = renewalNamespace, &r.Renewal
		}
		signature, err := parseSignature(r.Bytes[:b.start], b.der, namespace)
		if err != nil {
			found.Add(refusal.SignatureBroken, "signature", err.Error(), "an SSHSIG of namespace "+namespace+" over every byte above it")
			return
		}
		*into = signature
	}
	if r.Renewal != nil && r.Cover != nil && r.Cover.Replaces == "" {
		found.Add(refusal.CoverMalformed, "cover", "", "a Replaces line where a renewal signature stands")
	}
}

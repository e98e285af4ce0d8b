package ledger

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"io"

	"ca-exchange/internal/pki"
)

// Change is one step of one request, written whole or not at all.
type Change struct {
	Request     Request
	OnlyAnswers bool             // the row stays as it is: a known request was asked under further names
	ByPerson    bool             // a person decided: may reopen a denial, or give a request a second certificate
	Entry       []byte           // the request's bytes, stored where not nil
	Notice      []byte           // the notice it is answered by, stored where not nil
	Certificate *Certificate     // the row of the certificate; nil where none is issued
	Linked      string           // fingerprint of a recovered certificate that answers the request; "" for none
	Signed      *pki.Certificate // beside Certificate: its leaf, chain and issuer
	Answers     []Answer         // addresses that now belong to the request; each is owed the new answer
	Event       *Event           // nil where nothing happened but another name for a known answer
}

// digestKey is the key under which an event's detail holds the digest of its request's row.
const digestKey = "row"

// digest identifies what the ledger holds of a request: the first 16 bytes of SHA-256, hex, over its fields, each with
// its length, and the digest of its bytes; names and refusals are the JSON texts of the columns. The event that last
// changed the row holds it, so that the chain vouches for the row.
func (r Request) digest(names, refusals string, body []byte) string {
	h := sha256.New()
	field(h, string(r.ID[:]), string(r.Kind), string(r.Status), r.Name, r.Profile, r.Requester, r.SSHFingerprint,
		r.KeyFingerprint, r.Node, r.Subject, r.Reason, r.Serial, stamp(r.Received), stamp(r.Decided))
	fmt.Fprintf(h, "%d %d %t\n", r.Version, r.Size, r.Authenticated)
	field(h, names, refusals, string(body))
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// bodyDigest stands for a request's bytes in the digest of its row, also when they are archived.
func bodyDigest(entry, notice []byte) []byte {
	h := sha256.New()
	for _, b := range [][]byte{entry, notice} {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(b))))
		h.Write(b)
	}
	return h.Sum(nil)
}

func field(h hash.Hash, texts ...string) {
	for _, text := range texts {
		h.Write(binary.BigEndian.AppendUint32(nil, uint32(len(text))))
		io.WriteString(h, text) // a hash takes everything
	}
}

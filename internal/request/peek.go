package request

import (
	"bytes"
	"encoding/pem"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// PeekID is the id that Parse would give the entry if it accepts it: a hash, and no arithmetic. It proves nothing.
func PeekID(entry []byte) (id pki.ID, ok bool) {
	var found refusal.Findings
	cover, body := cutCover(entry, &found)
	block, _ := pem.Decode(entry[body:])
	if found.Denied() || block == nil || bytes.Equal(block.Bytes, nil) {
		return id, false
	}
	der := cryptobyte.String(block.Bytes)
	var outer, info cryptobyte.String
	if !der.ReadASN1(&outer, asn1.SEQUENCE) || !outer.ReadASN1Element(&info, asn1.SEQUENCE) {
		return id, false
	}
	return pki.RequestID(cover, info), true
}

package pki

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"ca-exchange/internal/refusal"
)

// ID names one request for ever: what the ledger binds a certificate to, and what two people compare.
type ID [sha256.Size]byte

// RequestID is SHA-256("ca-exchange/v1" 0x00 cover 0x00 CertificationRequestInfo), the cover empty for a plain
// CSR. A copy with another cover is therefore another request and cannot disturb the first.
func RequestID(cover, info []byte) ID {
	h := sha256.New()
	h.Write([]byte(refusal.APIVersion + "\x00"))
	h.Write(cover)
	h.Write([]byte{0})
	h.Write(info)
	return ID(h.Sum(nil))
}

// RefusedID names the bytes of an entry that holds no acceptable request: SHA-256("ca-exchange/refused" 0x00 bytes).
// The prefix keeps it apart from request ids: without it, a file that is the preimage of a request id would settle that
// request.
func RefusedID(entry []byte) ID {
	h := sha256.New()
	h.Write([]byte("ca-exchange/refused\x00"))
	h.Write(entry)
	return ID(h.Sum(nil))
}

// UnreadID names an entry that was refused before its bytes were read (a link, a file that is too large):
// SHA-256("ca-exchange/unread" 0x00 exchange id 0x00 sub-directory 0x00 file name 0x00 code).
func UnreadID(exchange, team, file, code string) ID {
	return sha256.Sum256([]byte(strings.Join([]string{"ca-exchange/unread", exchange, team, file, code}, "\x00")))
}

// ImportID names a certificate whose request is not at hand: SHA-256("ca-exchange/import" 0x00 DER).
func ImportID(der []byte) ID {
	h := sha256.New()
	h.Write([]byte("ca-exchange/import\x00"))
	h.Write(der)
	return ID(h.Sum(nil))
}

// ParseID reads 64 hex digits, as String writes them.
func ParseID(s string) (ID, error) {
	var id ID
	if len(s) != 2*len(id) {
		return id, fmt.Errorf("a request id has %d hex digits, not %d", 2*len(id), len(s))
	}
	_, err := hex.Decode(id[:], []byte(strings.ToLower(s)))
	return id, err
}

// String is the whole id: 64 lower-case hex digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Short is the form in file names: 16 digits.
func (id ID) Short() string { return id.String()[:16] }

// Phone is the form two people read to each other: 32 digits in groups of four.
func (id ID) Phone() string {
	s := id.String()
	groups := make([]string, 0, 8)
	for i := 0; i < 32; i += 4 {
		groups = append(groups, s[i:i+4])
	}
	return strings.Join(groups, "-")
}

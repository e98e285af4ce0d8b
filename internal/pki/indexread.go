package pki

import (
	"encoding/hex"
	"fmt"
	"math/big"
	"strings"
	"time"
)

// Indexed is a line of the index.txt of `openssl ca` (OpenSSL apps/ca.c, crypto/txt_db).
type Indexed struct {
	Serial  string // as the line has it: hex, an even number of digits; files are named by it
	Number  *big.Int
	Revoked *Revocation // nil where it is not revoked
	Subject string      // as the line has it
}

// ParseIndexed reads a line. What openssl writes for a comment, and an empty line, is nil.
func ParseIndexed(line string) (*Indexed, error) {
	line = strings.TrimSuffix(line, "\r")
	if line == "" || line[0] == '#' {
		return nil, nil
	}
	fields := strings.SplitN(line, "\t", 6)
	if len(fields) != 6 {
		return nil, fmt.Errorf("%d fields, expected 6", len(fields))
	}
	number, err := ParseSerial(fields[3])
	if err != nil {
		return nil, err
	}
	i := &Indexed{Serial: fields[3], Number: number, Subject: fields[5]}
	switch fields[0] {
	case "V", "E":
		return i, nil
	case "R":
		i.Revoked = &Revocation{Serial: number}
		return i, i.Revoked.readIndex(fields[2])
	}
	return nil, fmt.Errorf("the status %+q is not V, R or E", fields[0])
}

// mostSerial is how many bytes of a serial are read: RFC 5280 4.1.2.2 allows 20, some CAs took more.
const mostSerial = 64

// ParseSerial reads a serial in hex, as openssl and SerialHex write it.
func ParseSerial(text string) (*big.Int, error) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) == 0 || len(b) > mostSerial {
		return nil, fmt.Errorf("%+q is not a serial", text)
	}
	return new(big.Int).SetBytes(b), nil
}

// readIndex reads "TIME[,REASON[,ARGUMENT]]".
func (r *Revocation) readIndex(field string) (err error) {
	stamp, rest, _ := strings.Cut(field, ",")
	if r.Time, err = parseIndexTime(stamp); err != nil {
		return err
	}
	name, argument, _ := strings.Cut(rest, ",")
	word := strings.ToLower(name)
	reason, ok := indexReasons[word]
	if !ok {
		return fmt.Errorf("%+q is not a reason", name)
	}
	r.Reason = reason
	if strings.HasSuffix(word, "keytime") {
		if r.Since, err = parseIndexTime(argument); err != nil {
			return err
		}
	}
	return r.Check()
}

// indexReasons are openssl's words for the codes of RFC 5280 5.3.1 (OpenSSL apps/ca.c, crl_reasons), in small letters:
// it reads them in any.
var indexReasons = map[string]Reason{
	"": Unspecified, "unspecified": Unspecified, "keycompromise": KeyCompromise, "cacompromise": 2,
	"affiliationchanged": AffiliationChanged, "superseded": Superseded, "cessationofoperation": CessationOfOperation,
	"certificatehold": 6, "holdinstruction": 6, "keytime": KeyCompromise, "cakeytime": 2,
}

// parseIndexTime reads UTCTime, whose years are 1950 to 2049 (RFC 5280 4.1.2.5.1), and GeneralizedTime.
func parseIndexTime(text string) (time.Time, error) {
	whole := text
	if len(text) == len("060102150405Z") && text[0] < '5' {
		whole = "20" + text
	} else if len(text) == len("060102150405Z") {
		whole = "19" + text
	}
	t, err := time.Parse("20060102150405Z", whole)
	if err != nil {
		return t, fmt.Errorf("%+q is not a time", text)
	}
	return t, nil
}

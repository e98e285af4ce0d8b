package goodkey

import "encoding/pem"

// der takes the first PEM block of an entry, nil where there is none.
func der(entry []byte) []byte {
	if block, _ := pem.Decode(entry); block != nil {
		return block.Bytes
	}
	return nil
}

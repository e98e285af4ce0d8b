package request

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
)

// Blocklist holds the fingerprints of keys that get no certificate: hex SHA-256 of the SubjectPublicKeyInfo.
type Blocklist map[string]struct{}

// ParseBlocklist reads one fingerprint a line; blank lines and what follows a # are left out.
func ParseBlocklist(text []byte) (Blocklist, error) {
	list := Blocklist{}
	scanner := bufio.NewScanner(bytes.NewReader(text))
	for n := 1; scanner.Scan(); n++ {
		line, _, _ := strings.Cut(scanner.Text(), "#")
		line = strings.ToLower(strings.TrimSpace(line))
		if line == "" {
			continue
		}
		if b, err := hex.DecodeString(line); err != nil || len(b) != 32 {
			return nil, fmt.Errorf("line %d: %q is not a SHA-256 in hex", n, line)
		}
		list[line] = struct{}{}
	}
	return list, scanner.Err()
}

func (l Blocklist) has(fingerprint string) bool { _, ok := l[fingerprint]; return ok }

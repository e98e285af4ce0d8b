package ca

import (
	"fmt"
	"io"
	"os"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// keySearch is how much of a file is searched for a key, in bytes: the copy that somebody made of one is a small file.
const keySearch = 64 << 10

// withKeys leaves out of a backup what holds a private key, or holds it against what the backup may hold. any reports
// whether one is in it.
func withKeys(sources []source, keys BackupKeys) (kept []source, any bool, err error) {
	for _, s := range sources {
		text, err := firstBytes(s.path)
		if err != nil {
			return nil, false, err
		}
		isKey := strings.HasSuffix(s.name, ".key") || request.HoldsPrivateKey(text)
		switch {
		case isKey && keys == NoKeys:
			continue
		case isKey && keys == EncryptedKeys && !pki.IsEncrypted(text):
			return nil, false, fmt.Errorf("%q: %w", s.path, ErrPlainKey)
		}
		kept, any = append(kept, s), any || isKey
	}
	return kept, any, nil
}

func firstBytes(file string) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, keySearch))
}

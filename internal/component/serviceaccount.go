package component

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// ErrServiceAccount: another service account key is in place. Tokens signed by one are invalid to the other.
var ErrServiceAccount = errors.New("another service account key is in place")

// ServiceAccount puts the cluster's service account key pair beside the certificates: the one given, else the one in
// place, else a new one. All control planes need the same pair. It never enters the exchange, because a private key is
// part of it.
func (c *Component) ServiceAccount(l Layout, given []byte, kind pki.KeyType) (made bool, err error) {
	lock, err := c.Lock()
	if err != nil {
		return false, err
	}
	defer lock.Release()
	root, private := l.at(kube.ServiceAccountKey)
	_, public := l.at(kube.ServiceAccountPublic)
	have, err := c.readAt(root, private)
	switch {
	case err == nil && (given == nil || bytes.Equal(have, given)):
		given = have
	case err == nil:
		return false, fmt.Errorf("%w: %q", ErrServiceAccount, l.Path(c.path, kube.ServiceAccountKey))
	case !errors.Is(err, fs.ErrNotExist):
		return false, err
	case given == nil:
		key, err := kind.Generate()
		if err != nil {
			return false, err
		}
		if given, err = pki.EncodePrivateKey(key); err != nil {
			return false, err
		}
		made = true
	}
	key, err := pki.ParsePrivateKey(given, nil)
	if err != nil {
		return false, fmt.Errorf("reading the service account key: %w", err)
	}
	encoded, err := pki.EncodePublicKey(key.Public())
	if err != nil {
		return false, err
	}
	places := []place{
		{root: root, file: private, bytes: given, mode: 0o600},
		{root: root, file: public, bytes: encoded, mode: 0o644},
	}
	if have, err := c.readAt(root, public); err == nil && isPublicHalf(have, key.Public()) {
		places = places[:1] // a certificate of the key does as well, and others may read it
	}
	// The key first: an API server that finds only the public half cannot start.
	return made, c.putAll(places)
}

package component

import (
	"errors"
	"fmt"

	"ca-exchange/internal/kube"
)

// ErrNotInstalled: nothing was installed at a place yet.
var ErrNotInstalled = errors.New("no certificate is installed there yet")

// Secret gives the certificate, the key and the issuer that are installed at a place, for a manifest.
func (c *Component) Secret(place string) (kube.Secret, error) {
	states, err := c.Requests()
	if err != nil {
		return kube.Secret{}, err
	}
	trust, err := c.Issuers()
	if err != nil {
		return kube.Secret{}, err
	}
	for _, s := range states {
		if s.Status != StatusInstalled || s.Files.Place() != place || s.Files.embedded() {
			continue
		}
		_, authority, err := issuerOf(s, trust)
		if err != nil {
			return kube.Secret{}, err
		}
		certificate, err := c.installed(s.Files)
		if err != nil {
			return kube.Secret{}, err
		}
		key, err := c.keyInPlace(s.Files)
		return kube.Secret{Certificate: certificate, Key: key, CA: authority.Anchor()}, err
	}
	return kube.Secret{}, fmt.Errorf("%w: %s", ErrNotInstalled, place)
}

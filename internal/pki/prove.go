package pki

import (
	"errors"
	"fmt"
	"time"
)

// Prove signs one throw-away certificate of every profile given, as Sign would at that time, and returns only whether
// that works: an adopted issuer may have limits (extended key usage, chain) that show at the first signature. The
// certificates have a throw-away key, the profile's usages, a common name that nobody answers to and no alternative
// names, so that an issuer with name constraints is not refused for names nobody asked for. They leave this function
// nowhere.
func (i *Issuer) Prove(now time.Time, profiles ...Profile) error {
	key, err := ECDSAP256.Generate()
	if err != nil {
		return err
	}
	var failures []error
	for _, profile := range profiles {
		trial := Plan{
			Profile: profile.Name, Issuer: i.Name, CommonName: "trial signature",
			Usages: profile.Usages, Key: key.Public(), Days: 1, Backdate: Backdate,
		}
		signed, err := i.Sign(trial, now)
		if err == nil {
			err = i.verify(signed.Leaf, profile.Usages, now)
		}
		if err != nil {
			failures = append(failures, fmt.Errorf("profile %q: %w", profile.Name, err))
		}
	}
	return errors.Join(failures...)
}

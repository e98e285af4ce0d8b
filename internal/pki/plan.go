package pki

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Plan is the certificate about to be signed, before it is: what a person is shown and approves, and all that an
// Issuer reads. Nothing of a CSR's bytes but its public key is in it. It is data that anybody may write down: an issuer
// signs only what policy.Grant hands it, and a Grant's plan comes from a decision or from a person's approval.
//
// A plan is plain data that any package may write down. That forges nothing: only policy.Grant brings a plan to an
// Issuer, and only the policy's decision or a person's approval makes a Grant.
type Plan struct {
	Request       ID
	Profile       string
	Issuer        string
	CommonName    string
	Organizations []string
	Names         Names
	Usages        []x509.ExtKeyUsage
	Key           crypto.PublicKey
	Days          int
	Backdate      time.Duration
	Limits        *Limits // of an authority below the issuer; nil for everything else
}

// Validity is the plan's validity when signed now: from now − backdate (not before the issuer's own) for Days
// times 24 hours from now, never outliving the issuer; shortened says that the issuer's end cut it.
func (p Plan) Validity(issuer *x509.Certificate, now time.Time) (notBefore, notAfter time.Time, shortened bool) {
	now = now.UTC().Truncate(time.Second)
	notBefore, notAfter = now.Add(-p.Backdate), now.AddDate(0, 0, p.Days)
	if notBefore.Before(issuer.NotBefore) {
		notBefore = issuer.NotBefore
	}
	if notAfter.After(issuer.NotAfter) {
		notAfter, shortened = issuer.NotAfter, true
	}
	return notBefore, notAfter, shortened
}

// Digest identifies the plan: SHA-256 in hex over all of it. What was shown is signed only while the digest stays.
func (p Plan) Digest() (string, error) {
	key, err := x509.MarshalPKIXPublicKey(p.Key)
	if err != nil {
		return "", err
	}
	text, err := json.Marshal(struct {
		Request, Profile, Issuer, CommonName string
		Organizations, Names                 []string
		Usages                               []x509.ExtKeyUsage
		Key                                  []byte
		Days                                 int
		Backdate                             time.Duration
		Limits                               *Limits `json:",omitempty"`
	}{p.Request.String(), p.Profile, p.Issuer, p.CommonName, p.Organizations, p.Names.Strings(), p.Usages, key, p.Days,
		p.Backdate, p.Limits})
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:]), nil
}

// Subject is the plan's subject as text: quoted to ASCII, as pki.Subject writes it.
func (p Plan) Subject() string {
	var s Subject
	if p.CommonName != "" {
		s = append(s, Attribute{"CN", p.CommonName})
	}
	for _, o := range p.Organizations {
		s = append(s, Attribute{"O", o})
	}
	return s.String()
}

package pki

import (
	"bytes"
	"crypto/x509"
	"fmt"

	"ca-exchange/internal/refusal"
)

// asPlanned is the last look before a certificate leaves: every part of it against the plan. The authority key
// identifier is compared with the template's, because an adopted issuer's certificate may have no subject key
// identifier of its own (RFC 5280 4.2.1.1 then takes it from the key).
func asPlanned(leaf, template, issuer *x509.Certificate, p Plan) error {
	if err := boundedAlike(leaf, template); err != nil {
		return err
	}
	switch {
	case leaf.SerialNumber.Sign() <= 0 || leaf.SerialNumber.Cmp(template.SerialNumber) != 0:
		return fmt.Errorf("serial %x, expected %x", leaf.SerialNumber, template.SerialNumber)
	case leaf.KeyUsage != template.KeyUsage:
		return fmt.Errorf("key usage %s, expected %s", keyUsageList(leaf.KeyUsage), keyUsageList(template.KeyUsage))
	case !EqualSets(leaf.ExtKeyUsage, p.Usages) || len(leaf.UnknownExtKeyUsage) > 0:
		return fmt.Errorf("extended key usage %s, expected %s", usagesOf(leaf), UsageNames(p.Usages))
	case !leaf.NotBefore.Equal(template.NotBefore) || !leaf.NotAfter.Equal(template.NotAfter):
		return fmt.Errorf("validity %s to %s, expected %s to %s",
			Stamp(leaf.NotBefore), Stamp(leaf.NotAfter), Stamp(template.NotBefore), Stamp(template.NotAfter))
	case !bytes.Equal(leaf.RawIssuer, issuer.RawSubject):
		return fmt.Errorf("issuer %s, expected %s",
			refusal.Quote(leaf.Issuer.String()), refusal.Quote(issuer.Subject.String()))
	case !bytes.Equal(leaf.AuthorityKeyId, template.AuthorityKeyId):
		return fmt.Errorf("AuthorityKeyId %x, expected %x", leaf.AuthorityKeyId, template.AuthorityKeyId)
	}
	return namesAsPlanned(leaf, p)
}

// namesAsPlanned compares what a verifier takes for an identity: subject, alternative names, key.
func namesAsPlanned(leaf *x509.Certificate, p Plan) error {
	names := NamesOf(leaf)
	switch {
	case leaf.Subject.CommonName != p.CommonName || !EqualSets(leaf.Subject.Organization, p.Organizations):
		return fmt.Errorf("subject %s, expected %s", subjectOf(leaf), p.Subject())
	case len(names.Without(p.Names)) > 0 || len(p.Names.Without(names)) > 0:
		return fmt.Errorf("names %s, expected %s", quoteAll(names.Strings()), quoteAll(p.Names.Strings()))
	}
	return compareKeys(leaf.PublicKey, p.Key)
}

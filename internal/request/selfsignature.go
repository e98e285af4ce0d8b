package request

import (
	"crypto"
	"crypto/x509"
	"encoding/asn1"

	"golang.org/x/crypto/cryptobyte"

	"ca-exchange/internal/refusal"
)

// plainAlgorithms are those whose parameters are fixed, with their DER (RFC 4055 5, RFC 5758 3.2, RFC 8410 3).
var plainAlgorithms = map[string]struct {
	algorithm  x509.SignatureAlgorithm
	parameters string
}{
	"1.2.840.113549.1.1.11": {x509.SHA256WithRSA, "\x05\x00"},
	"1.2.840.113549.1.1.12": {x509.SHA384WithRSA, "\x05\x00"},
	"1.2.840.113549.1.1.13": {x509.SHA512WithRSA, "\x05\x00"},
	"1.2.840.10045.4.3.2":   {x509.ECDSAWithSHA256, ""},
	"1.2.840.10045.4.3.3":   {x509.ECDSAWithSHA384, ""},
	"1.2.840.10045.4.3.4":   {x509.ECDSAWithSHA512, ""},
	"1.3.101.112":           {x509.PureEd25519, ""},
}

// readAlgorithm reads the AlgorithmIdentifier of the request's signature (RFC 5280 4.1.1.2). The verifier is nil where
// the algorithm is refused; false means that nothing can be read.
func (r *csrReader) readAlgorithm(identifier cryptobyte.String) (verifier, bool) {
	var oid asn1.ObjectIdentifier
	if !identifier.ReadASN1ObjectIdentifier(&oid) {
		r.Add(refusal.CSRMalformed, "csr", "signatureAlgorithm", "an AlgorithmIdentifier (RFC 5280 4.1.1.2)")
		return nil, false
	}
	if known, ok := plainAlgorithms[oid.String()]; ok && string(identifier) == known.parameters {
		return plainVerifier(known.algorithm), true
	}
	if oid.String() == rsassaPSS {
		if verify := pssVerifier(identifier); verify != nil {
			return verify, true
		}
	}
	r.Add(refusal.CSRAlgorithm, "signatureAlgorithm", algorithmName(oid.String()),
		"SHA-256, SHA-384 or SHA-512 with RSA (PKCS#1 v1.5 or PSS with MGF1 of the same hash) or ECDSA, or Ed25519")
	return nil, true
}

func plainVerifier(algorithm x509.SignatureAlgorithm) verifier {
	return func(key crypto.PublicKey, info, signature []byte) error {
		request := x509.CertificateRequest{
			RawTBSCertificateRequest: info, SignatureAlgorithm: algorithm, Signature: signature, PublicKey: key,
		}
		return request.CheckSignature()
	}
}

// checkSelfSignature proves that whoever made the request holds its key.
func (r *csrReader) checkSelfSignature(verify verifier, signature []byte) {
	if err := verify(r.Key, r.Info, signature); err != nil {
		r.Add(refusal.CSRSignature, "signature", "", "a signature made with the request's own key")
	}
}

// algorithmName puts a name to the refused algorithms that people meet.
func algorithmName(oid string) string {
	switch oid {
	case "1.2.840.113549.1.1.4":
		return "MD5 with RSA"
	case "1.2.840.113549.1.1.5", "1.3.14.3.2.29":
		return "SHA-1 with RSA"
	case "1.2.840.113549.1.1.14":
		return "SHA-224 with RSA"
	case rsassaPSS:
		return "RSASSA-PSS with these parameters"
	case "1.2.840.10045.4.1":
		return "SHA-1 with ECDSA"
	case "1.2.840.10045.4.3.1":
		return "SHA-224 with ECDSA"
	case "1.2.840.10040.4.3", "2.16.840.1.101.3.4.3.2":
		return "DSA"
	case "1.3.101.113":
		return "Ed448"
	}
	return oid
}

package request

import (
	"crypto/x509"

	"ca-exchange/internal/refusal"
)

// signatureAlgorithms are those a CSR may be signed with, and the DER of their parameters (RFC 4055 5, RFC 5758
// 3.2, RFC 8410 3).
var signatureAlgorithms = map[string]struct {
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

// algorithmName puts a name to the refused algorithms that people meet.
func algorithmName(oid string) string {
	switch oid {
	case "1.2.840.113549.1.1.4":
		return "MD5 with RSA"
	case "1.2.840.113549.1.1.5", "1.3.14.3.2.29":
		return "SHA-1 with RSA"
	case "1.2.840.113549.1.1.14":
		return "SHA-224 with RSA"
	case "1.2.840.113549.1.1.10":
		return "RSASSA-PSS"
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

// checkSelfSignature proves that whoever made the request holds its key.
func (r *csrReader) checkSelfSignature(algorithm x509.SignatureAlgorithm, signature []byte) {
	if algorithm == x509.UnknownSignatureAlgorithm {
		return // refused already
	}
	request := x509.CertificateRequest{
		RawTBSCertificateRequest: r.Info,
		SignatureAlgorithm:       algorithm,
		Signature:                signature,
		PublicKey:                r.Key,
	}
	if request.CheckSignature() != nil {
		r.Add(refusal.CSRSignature, "signature", "", "a signature made with the request's own key")
	}
}

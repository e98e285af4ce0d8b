package request

import (
	"crypto"
	"crypto/rsa"
	_ "crypto/sha256" // for crypto.Hash
	_ "crypto/sha512"
	"encoding/asn1"
	"errors"

	"golang.org/x/crypto/cryptobyte"
	der "golang.org/x/crypto/cryptobyte/asn1"
)

const (
	rsassaPSS = "1.2.840.113549.1.1.10"
	mgf1      = "1.2.840.113549.1.1.8"
)

// pssHashes are the hashes that a PSS signature may have (RFC 4055 2.1).
var pssHashes = map[string]crypto.Hash{
	"2.16.840.1.101.3.4.2.1": crypto.SHA256,
	"2.16.840.1.101.3.4.2.2": crypto.SHA384,
	"2.16.840.1.101.3.4.2.3": crypto.SHA512,
}

// pssVerifier reads RSASSA-PSS-params (RFC 4055 3.1): one hash of SHA-256 or better for the message and for MGF1, and
// any salt. The standard library takes only a salt as long as the hash; openssl's default is the longest that fits. Nil
// where the parameters are others. The key is an rsaEncryption key: one that is bound to PSS is refused as a key.
func pssVerifier(parameters cryptobyte.String) verifier {
	var sequence, hashField, maskField, saltField, mask cryptobyte.String
	var maskOID asn1.ObjectIdentifier
	var salt int
	field := func(n uint8) der.Tag { return der.Tag(n).ContextSpecific().Constructed() }
	if !parameters.ReadASN1(&sequence, der.SEQUENCE) || !parameters.Empty() ||
		!sequence.ReadASN1(&hashField, field(0)) || !sequence.ReadASN1(&maskField, field(1)) ||
		!sequence.ReadASN1(&saltField, field(2)) || !sequence.Empty() { // a trailer other than 1 is written out
		return nil
	}
	hash := readHash(&hashField)
	if hash == 0 || !hashField.Empty() ||
		!maskField.ReadASN1(&mask, der.SEQUENCE) || !maskField.Empty() ||
		!mask.ReadASN1ObjectIdentifier(&maskOID) || maskOID.String() != mgf1 ||
		readHash(&mask) != hash || !mask.Empty() ||
		!saltField.ReadASN1Integer(&salt) || !saltField.Empty() || salt < 1 { // 0 is rsa.PSSSaltLengthAuto
		return nil
	}
	return func(key crypto.PublicKey, info, signature []byte) error {
		public, ok := key.(*rsa.PublicKey)
		if !ok {
			return errors.New("a PSS signature of a key that is not RSA")
		}
		digest := hash.New()
		digest.Write(info)
		return rsa.VerifyPSS(public, hash, digest.Sum(nil), signature, &rsa.PSSOptions{SaltLength: salt, Hash: hash})
	}
}

// readHash reads a hash's AlgorithmIdentifier, whose parameters are NULL or absent (RFC 4055 2.1); 0 for another one.
func readHash(in *cryptobyte.String) crypto.Hash {
	var identifier cryptobyte.String
	var oid asn1.ObjectIdentifier
	if !in.ReadASN1(&identifier, der.SEQUENCE) || !identifier.ReadASN1ObjectIdentifier(&oid) ||
		len(identifier) > 0 && string(identifier) != "\x05\x00" {
		return 0
	}
	return pssHashes[oid.String()]
}

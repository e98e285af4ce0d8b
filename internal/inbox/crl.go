package inbox

// CRLSuffix ends the name of an issuer's CRL in the outbox, in DER.
const CRLSuffix = ".crl"

// ReadCRL reads an issuer's CRL of at most limit bytes from the outbox, by the rules of an answer.
func (x *Exchange) ReadCRL(issuer string, limit int) Content {
	return content(x.out.dir.Read(issuer+CRLSuffix, limit))
}

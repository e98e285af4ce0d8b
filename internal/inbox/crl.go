package inbox

import "ca-exchange/internal/durable"

// An issuer's CRL in the outbox is NAME.crl in DER, and NAME.crl.pem.
const (
	CRLSuffix = ".crl"
	PEMSuffix = ".pem"

	crlLimit = 96 << 20 // the largest that is taken for one of ours, in bytes: 64 MiB as PEM
)

// ReadOwn reads a file of the outbox that may be a CRL of ours, by the rules of an answer.
func (x *Exchange) ReadOwn(file string) Content { return content(x.out.dir.Read(file, crlLimit)) }

// Describe describes a file of the outbox without reading it.
func (x *Exchange) Describe(file string) (durable.Stat, error) { return x.out.dir.Stat(file) }

// ReadCRL reads an issuer's CRL of at most limit bytes from the outbox, by the rules of an answer.
func (x *Exchange) ReadCRL(issuer string, limit int) Content {
	return content(x.out.dir.Read(issuer+CRLSuffix, limit))
}

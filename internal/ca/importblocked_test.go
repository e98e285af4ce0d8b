package ca

import (
	"testing"

	"ca-exchange/internal/pki"
)

// TestImportBlocked: a certificate whose key was blocked before is taken, and named with what revokes it.
func TestImportBlocked(t *testing.T) {
	o := newOld(t)
	leaf := o.leaf(1)
	o.must(o.ca.Block([]string{pki.SPKIFingerprint(leaf.RawSubjectPublicKeyInfo)}))
	o.pem("a.pem", leaf)
	o.want(o.sum(Files(o.dir), ImportOptions{}), "taken 1, known 0, revoked 0", keyKnown("01"))
}

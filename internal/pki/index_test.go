package pki

import (
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"
	"time"
)

// TestIndexLine: the line of each status; a subject makes no other field and no other line.
func TestIndexLine(t *testing.T) {
	subject, err := asn1.Marshal(pkix.Name{CommonName: "a\tR\nV ä", Organization: []string{"system:nodes"}}.
		ToRDNSequence())
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2049, 12, 31, 23, 59, 59, 0, time.UTC)
	c := &x509.Certificate{RawSubject: subject, SerialNumber: big.NewInt(0x0abc), NotAfter: end}
	hour := end.Add(-time.Hour)
	later := *c
	later.NotAfter = end.Add(time.Second)
	const rest = "\t0ABC\tunknown\t/O=system:nodes/CN=a\\x09R\\x0AV \\xC3\\xA4\n"
	for _, test := range []struct {
		c       *x509.Certificate
		revoked Revocation
		now     time.Time
		want    string
	}{
		{c, Revocation{}, end, "V\t491231235959Z\t" + rest},
		{c, Revocation{}, end.Add(time.Second), "E\t491231235959Z\t" + rest},
		{c, Revocation{Time: hour}, end.Add(time.Second), "R\t491231235959Z\t491231225959Z" + rest},
		{c, Revocation{Time: hour, Reason: Superseded}, end, "R\t491231235959Z\t491231225959Z,superseded" + rest},
		{c, Revocation{Time: hour, Reason: PrivilegeWithdrawn}, end, "R\t491231235959Z\t491231225959Z" + rest},
		{c, Revocation{Time: hour, Reason: KeyCompromise, Since: hour}, end,
			"R\t491231235959Z\t491231225959Z,keyTime,20491231225959Z" + rest},
		{&later, Revocation{}, end, "V\t20500101000000Z\t" + rest},
	} {
		if got, err := IndexLine(test.c, test.revoked, test.now); err != nil || got != test.want {
			t.Errorf("%v, %q, not %q", err, got, test.want)
		}
	}
}

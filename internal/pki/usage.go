package pki

import (
	"crypto/x509"
	"strconv"
	"strings"
)

// extKeyUsages are the extended key usages that the standard library knows, in openssl's words.
var extKeyUsages = map[x509.ExtKeyUsage]string{
	x509.ExtKeyUsageAny:             "anyExtendedKeyUsage",
	x509.ExtKeyUsageServerAuth:      "serverAuth",
	x509.ExtKeyUsageClientAuth:      "clientAuth",
	x509.ExtKeyUsageCodeSigning:     "codeSigning",
	x509.ExtKeyUsageEmailProtection: "emailProtection",
	x509.ExtKeyUsageTimeStamping:    "timeStamping",
	x509.ExtKeyUsageOCSPSigning:     "OCSPSigning",
}

// UsageNames writes extended key usages as openssl's configuration does: "serverAuth,clientAuth".
func UsageNames(usages []x509.ExtKeyUsage) string {
	names := make([]string, len(usages))
	for i, u := range usages {
		var ok bool
		if names[i], ok = extKeyUsages[u]; !ok {
			names[i] = "usage " + strconv.Itoa(int(u))
		}
	}
	return strings.Join(names, ",")
}

// usagesOf lists all of a certificate's extended key usages, those without a name as OIDs.
func usagesOf(c *x509.Certificate) string {
	var all []string
	if len(c.ExtKeyUsage) > 0 {
		all = append(all, UsageNames(c.ExtKeyUsage))
	}
	for _, oid := range c.UnknownExtKeyUsage {
		all = append(all, oid.String())
	}
	return orNone([]string{strings.Join(all, ",")})
}

func keyUsageList(usage x509.KeyUsage) string {
	return orNone([]string{strings.Join(keyUsageNames(usage), ",")})
}

func keyUsageNames(usage x509.KeyUsage) []string {
	var names []string
	for i, name := range []string{"digitalSignature", "contentCommitment", "keyEncipherment", "dataEncipherment",
		"keyAgreement",
		"keyCertSign", "cRLSign"} {
		if usage&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return names
}

package kube

import (
	"bytes"
	"encoding/base64"
	"fmt"
)

// Secret is a certificate with its key as Kubernetes keeps it for ingresses and webhooks: type kubernetes.io/tls.
// Certificate (leaf and chain), Key and CA are PEM.
type Secret struct {
	Name, Namespace      string // no namespace: that of whoever applies it
	Certificate, Key, CA []byte
}

// Check says what the API server would refuse of the names (apimachinery IsDNS1123Subdomain, IsDNS1123Label).
func (s Secret) Check() error {
	switch {
	case !isHost(s.Name):
		return fmt.Errorf("%q is not the name of a secret: lower-case letters, digits, hyphens and dots", s.Name)
	case s.Namespace != "" && (!isHost(s.Namespace) || bytes.ContainsRune([]byte(s.Namespace), '.')):
		return fmt.Errorf("%q is not a namespace: lower-case letters, digits and hyphens", s.Namespace)
	}
	return nil
}

// Encode writes the manifest.
func (s Secret) Encode() []byte {
	var b bytes.Buffer
	b.WriteString("apiVersion: v1\nkind: Secret\nmetadata:\n")
	fmt.Fprintf(&b, "  name: %q\n", s.Name)
	if s.Namespace != "" {
		fmt.Fprintf(&b, "  namespace: %q\n", s.Namespace)
	}
	b.WriteString("type: kubernetes.io/tls\ndata:\n")
	for _, part := range []struct {
		name string
		pem  []byte
	}{{"ca.crt", s.CA}, {"tls.crt", s.Certificate}, {"tls.key", s.Key}} {
		fmt.Fprintf(&b, "  %s: %s\n", part.name, base64.StdEncoding.EncodeToString(part.pem))
	}
	return b.Bytes()
}

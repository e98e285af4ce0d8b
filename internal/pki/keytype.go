package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"strings"
)

// KeyType names a key's algorithm and size as kubeadm does (kubeadm v1beta4 encryptionAlgorithm), and the two
// more that generic certificates may have.
type KeyType string

const (
	RSA2048   KeyType = "RSA-2048"
	RSA3072   KeyType = "RSA-3072"
	RSA4096   KeyType = "RSA-4096"
	ECDSAP256 KeyType = "ECDSA-P256"
	ECDSAP384 KeyType = "ECDSA-P384"
	ECDSAP521 KeyType = "ECDSA-P521"
	Ed25519   KeyType = "Ed25519"
)

// KubernetesKeyTypes are those every component loads; the generic profiles take GenericKeyTypes.
func KubernetesKeyTypes() []KeyType {
	return []KeyType{RSA2048, RSA3072, RSA4096, ECDSAP256, ECDSAP384}
}

// GenericKeyTypes adds P-521 and Ed25519, which etcd and kube-apiserver cannot load.
func GenericKeyTypes() []KeyType { return append(KubernetesKeyTypes(), ECDSAP521, Ed25519) }

// ParseKeyType reads one of the names above, in capitals or not.
func ParseKeyType(s string) (KeyType, error) {
	for _, t := range GenericKeyTypes() {
		if strings.EqualFold(s, string(t)) {
			return t, nil
		}
	}
	return "", fmt.Errorf("unknown key type %q: one of %s", s, KeyTypeNames(GenericKeyTypes()))
}

// KeyTypeNames lists key types for people.
func KeyTypeNames(types []KeyType) string {
	names := make([]string, len(types))
	for i, t := range types {
		names[i] = string(t)
	}
	return strings.Join(names, ", ")
}

// KeyTypeOf names the type of a public key, "" for one that no profile takes.
func KeyTypeOf(key crypto.PublicKey) KeyType {
	switch k := key.(type) {
	case *rsa.PublicKey:
		switch k.N.BitLen() {
		case 2048, 3072, 4096:
			return KeyType(fmt.Sprintf("RSA-%d", k.N.BitLen()))
		}
	case *ecdsa.PublicKey:
		switch k.Curve {
		case elliptic.P256():
			return ECDSAP256
		case elliptic.P384():
			return ECDSAP384
		case elliptic.P521():
			return ECDSAP521
		}
	case ed25519.PublicKey:
		return Ed25519
	}
	return ""
}

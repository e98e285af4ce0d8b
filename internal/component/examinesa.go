package component

import (
	"bytes"
	"crypto"
	"encoding/pem"
	"path/filepath"
	"slices"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// serviceAccount holds sa.pub against sa.key: tokens are signed with one and checked with the other. It never crosses
// the exchange, so a host that joins has it from the first control plane, brought by a person.
func (e *examination) serviceAccount() {
	private, public := e.at(kube.ServiceAccountKey), e.at(kube.ServiceAccountPublic)
	derive := by("openssl", "pkey", "-in", private, "-pubout", "-out", public)
	if !exists(private) {
		mend := remedy{fix: "copy sa.key and sa.pub from the cluster's first control plane"}
		if !e.Config.HasJoin {
			first := Command(slices.Concat(e.Program, []string{"request", "control-plane"}, e.Flags)...)
			mend = remedy{fix: mend.fix + "; this host is the first: " + first, asks: true}
		}
		e.find(Wrong, private, mend, "the file is missing")
		return
	}
	key, have := e.private(private, derive), e.public(public, derive)
	if key == nil || have == nil {
		return
	}
	signer, err := pki.ParsePrivateKey(key, nil)
	if err != nil {
		mend := remedy{fix: "copy sa.key and sa.pub from another control plane of the cluster"}
		e.find(Wrong, private, mend, "cannot read its private key: %v", err)
		return
	}
	if !isPublicHalf(have, signer.Public()) {
		e.find(Wrong, public, derive, "it is not the public half of %s: no token would be believed",
			filepath.Base(private))
	}
}

// isPublicHalf reports whether a file has the public half of a key, however it is written: as a public key, or as a
// certificate, of which Kubernetes reads the key alone.
func isPublicHalf(file []byte, key crypto.PublicKey) bool {
	if certificates, err := pki.ParseCertificates(file); err == nil {
		public, ok := key.(interface{ Equal(crypto.PublicKey) bool })
		return ok && public.Equal(certificates[0].PublicKey)
	}
	encoded, err := pki.EncodePublicKey(key)
	want, _ := pem.Decode(encoded)
	have, _ := pem.Decode(file)
	return err == nil && have != nil && bytes.Equal(want.Bytes, have.Bytes)
}

package component

import (
	"bytes"
	"encoding/pem"
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
	if want, err := pki.EncodePublicKey(signer.Public()); err != nil || !samePEM(want, have) {
		e.find(Wrong, public, derive, "it is not the public half of sa.key: no token would be believed")
	}
}

// samePEM compares what two PEM files hold, not how they are written.
func samePEM(a, b []byte) bool {
	x, _ := pem.Decode(a)
	y, _ := pem.Decode(b)
	return x != nil && y != nil && bytes.Equal(x.Bytes, y.Bytes)
}

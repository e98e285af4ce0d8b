package component

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// answerNames are what a request's answer may be called, without suffix. Another request may have had its name before,
// and a former cover's answer is as good.
func (s State) answerNames() []string {
	names := []string{s.Entry, s.Entry + "." + s.ID[:16]}
	for _, f := range s.Former {
		names = append(names, f.Entry, f.Entry+"."+f.ID[:16])
	}
	return names
}

// certificates are the bytes of every file in the outbox that may be a request's certificate, none of it believed.
func (s State) certificates(x *inbox.Exchange) (all [][]byte, err error) {
	for _, name := range s.answerNames() {
		answer, err := x.ReadAnswer("", name+inbox.CertificateSuffix)
		if err != nil {
			return nil, err
		}
		if answer.Bytes != nil {
			all = append(all, answer.Bytes)
		}
	}
	return all, nil
}

// notice finds what the outbox says of a request: of its id, of its refused id, or of its bytes, since an automatic
// denial binds the bytes and a CA that could not read an id can name nothing else. Anybody may have written it; a
// notice of another request is not even shown.
func (s State) notice(x *inbox.Exchange, entry []byte) *refusal.Notice {
	sum := sha256.Sum256(entry)
	bytes, ids := hex.EncodeToString(sum[:]), []string{s.ID, pki.RefusedID(entry).String()}
	for _, name := range s.answerNames() {
		for _, suffix := range []string{inbox.DeniedSuffix, inbox.HeldSuffix} {
			content, err := x.ReadAnswer("", name+suffix)
			if err != nil || content.Bytes == nil {
				continue
			}
			n, err := refusal.ParseNotice(content.Bytes)
			if err == nil && (slices.Contains(ids, n.Request) || n.Bytes == bytes) {
				return &n
			}
		}
	}
	return nil
}

// removeAnswers takes everything that was said of a request out of the outbox; where that is read-only it stays, which
// harms nothing.
func removeAnswers(x *inbox.Exchange, s State) {
	for _, name := range s.answerNames() {
		for _, suffix := range inbox.AnswerSuffixes() {
			x.RemoveAnswer("", name+suffix)
		}
	}
}

package policy

import (
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// clockTolerance is how far the clocks of two hosts may differ.
const clockTolerance = 10 * time.Minute

func (j *judgement) refuse(code refusal.Code, field, asked, allowed string) {
	j.found.Add(code, field, asked, allowed)
}

func (j *judgement) lose(kind, format string, args ...any) {
	if l := (Loss{kind, fmt.Sprintf(format, args...)}); !slices.Contains(j.lost, l) {
		j.lost = append(j.lost, l)
	}
}

// settleRequester finds who vouches for the request. Where unsigned requests have a scope, a key that nobody knows
// counts as no signature: whoever holds it could as well leave it out.
func (j *judgement) settleRequester() *Requester {
	fingerprint := ""
	if !j.Request.Unsigned() {
		fingerprint = j.Request.Signature.Fingerprint()
		if r, ok := j.policy.requesters.ByKey(fingerprint); ok {
			return r
		}
	}
	switch {
	case j.policy.config.Unsigned != nil:
	case fingerprint == "":
		j.refuse(refusal.SignatureAbsent, "signature", "", "an enrolled requester's")
	default:
		j.refuse(refusal.SignatureUnknownKey, "signature", fingerprint, "an enrolled key")
	}
	return nil
}

// checkCover holds the cover against this CA, this cluster and this moment.
func (j *judgement) checkCover(requester *Requester) {
	c := j.Request.Cover
	if c == nil {
		return
	}
	if !slices.Contains(j.Trusts, c.Trust) {
		j.refuse(refusal.CoverTrust, "cover.Trust", c.Trust, strings.Join(j.Trusts, ", "))
	}
	if cluster := j.policy.config.Cluster.Name; c.Cluster != "" && c.Cluster != cluster {
		j.refuse(refusal.CoverCluster, "cover.Cluster", c.Cluster, cluster)
	}
	if requester != nil && c.Requester != requester.Name {
		j.refuse(refusal.CoverRequester, "cover.Requester", c.Requester, requester.Name)
	}
	if j.Now.After(c.Expires.Add(clockTolerance)) {
		j.refuse(refusal.CoverExpired, "cover.Expires", stamp(c.Expires), "not before "+stamp(j.Now))
	}
	if c.Created.After(j.Now.Add(clockTolerance)) {
		j.refuse(refusal.CoverFuture, "cover.Created", stamp(c.Created), "not after "+stamp(j.Now))
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// checkUsages holds the usages asked for against the profile's.
func (j *judgement) checkUsages(p *pki.Profile) {
	for _, u := range j.Request.CSR.Usages {
		if !slices.Contains(p.Usages, u) {
			name := pki.UsageNames([]x509.ExtKeyUsage{u})
			if j.personNamed(p) {
				j.lose(LostUsage, "%s", name)
				continue
			}
			j.loseUsage(name, refusal.New(refusal.ProfileUsage, "usages", name, pki.UsageNames(p.Usages)))
		}
	}
}

// personNamed reports whether a person named this profile, and it has a subject of its own. That is an answer to what
// the request loses: whoever types "kubelet" below a CSR for both of a node's identities means the kubelet's. Under a
// generic profile, the request says what the certificate is, and every loss is a question.
func (j *judgement) personNamed(p *pki.Profile) bool {
	return j.Override.Profile == p.Name && !generic(*p)
}

// loseUsage: a usage that the certificate will not have is a question, since its holder will fail where they need it.
func (j *judgement) loseUsage(name string, r refusal.Refusal) {
	j.lose(LostUsage, "%s", name)
	if !slices.Contains(j.Override.WithoutUsages, name) {
		j.ask(r, "--without-usage", name)
	}
}

func (j *judgement) checkKey(p *pki.Profile) {
	if t := j.Request.CSR.KeyType; !slices.Contains(p.KeyTypes, t) {
		j.refuse(refusal.ProfileKey, "key", string(t), fmt.Sprintf("%v", p.KeyTypes))
	}
}

func (j *judgement) checkGuarded(p *pki.Profile) {
	if p.Guarded {
		j.refuse(refusal.Guarded, "profile", p.Name, "a person's approval")
	}
}

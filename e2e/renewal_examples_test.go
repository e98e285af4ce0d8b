package e2e_test

import (
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
	"ca-exchange/internal/request/requesttest"
)

// renewalExamples are the refusals that only a history brings: of a certificate that was revoked, of one that somebody
// else replaced, and of the third renewal on one day. No test waits for them; the policy is asked.
func renewalExamples(t *testing.T, x *exchange) map[refusal.Code]refusal.Refusal {
	t.Helper()
	signer := requesttest.SecurityKey(t)
	replaced := strings.Repeat("cd", 32)
	entry, err := request.Sign(x.covered("me", "www.example", func(c *request.Cover) { c.Replaces = replaced }), signer)
	must(t, err)
	r, _ := request.Parse(entry, nil)
	config, err := policy.Parse([]byte("apiVersion: ca-exchange/v1\nkind: Policy\n"))
	must(t, err)
	var profiles []pki.Profile
	for _, p := range kube.Profiles(kube.Latest()) {
		profiles = append(profiles, p.Profile)
	}
	me := policy.Requester{Name: "me", Key: string(ssh.MarshalAuthorizedKey(signer.PublicKey())), Scope: policy.Scope{
		Profiles: []string{"server"}, DNS: []string{"**.example"},
	}}
	p, err := policy.New(config, profiles, policy.Requesters{Requesters: []policy.Requester{me}})
	must(t, err)
	at := time.Now().Add(-time.Hour)
	d := p.Decide(policy.Input{Request: r, Trusts: []string{x.trust()}, Now: time.Now(),
		History: policy.History{Replaced: &policy.Replaced{
			Fingerprint: replaced, Requester: "me", Profile: "server", Revoked: true,
			Successors: []policy.Successor{{Requester: "you", Key: "ab", Issued: at}, {Requester: "me", Issued: at},
				{Requester: "me", Issued: at}},
		}}})
	examples := map[refusal.Code]refusal.Refusal{}
	for _, one := range d.Refusals {
		examples[one.Code] = one
	}
	return examples
}

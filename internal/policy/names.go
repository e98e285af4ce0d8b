package policy

import (
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// settleNames is which names the certificate has: those asked for, those a person adds and, where a person names the
// profile, the profile's own. A person who types a profile's name means its certificate: without this, an API server's
// certificate approved for one address would lack "kubernetes", and every pod would refuse it.
func (j *judgement) settleNames(p *pki.Profile, node string) pki.Names {
	names := j.Request.CSR.Names.Merge(j.Override.Names)
	unfit := pki.Names{Emails: names.Emails, URIs: names.URIs}
	if p.Names == pki.NoNames {
		unfit = names
	}
	if unfit.Len() > 0 {
		j.refuse(refusal.ProfileNames, "names", strings.Join(unfit.Strings(), " "), "none of these")
		for _, name := range unfit.Strings() {
			j.lose(LostName, "%s", refusal.Quote(name))
		}
	}
	if p.Names == pki.NoNames {
		return pki.Names{}
	}
	names.Emails, names.URIs = nil, nil
	if j.Override.Profile != "" {
		names = names.Merge(p.Own(j.policy.config.Cluster.Values(node)))
	}
	if p.Names == pki.RequiredNames && names.Len() == 0 {
		j.refuse(refusal.NameAbsent, "names", "", "--dns NAME, --ip ADDRESS")
	}
	return names
}

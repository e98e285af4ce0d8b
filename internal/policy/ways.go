package policy

import (
	"net/netip"
	"slices"
	"strings"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// candidates tries each profile as if a person had named it, and keeps those that would not be denied. Where none is
// left, their denials say why. What the only one of them would lose is said at once: the profile's name will be the
// person's word on it.
func (j *judgement) candidates(code refusal.Code, profiles []string) choice {
	var kept []Candidate
	var names, flags []string
	var denied, groups []refusal.Refusal
	var lost []Loss
	for _, name := range profiles {
		trial := j.Input
		trial.Override.Profile = name
		d := j.policy.Decide(trial)
		if d.Outcome == refusal.Deny {
			holds := func(r refusal.Refusal) bool { return r.Code.Outcome() != refusal.Deny }
			denied = append(denied, slices.DeleteFunc(d.Refusals, holds)...)
			continue
		}
		c := Candidate{name, append([]string{"--profile", name}, j.additions(d)...)}
		kept, names, flags = append(kept, c), append(names, name), append(flags, strings.Join(c.Flags, " "))
		groups, lost = ofCode(d.Refusals, refusal.GroupLost), d.Dropped
	}
	if len(kept) == 0 {
		j.found.Take(denied...)
		return choice{}
	}
	j.refuse(code, "profile", strings.Join(names, ", "), strings.Join(flags, "; or "))
	if len(kept) == 1 {
		j.found.Take(groups...)
		for _, l := range lost {
			j.lose(l.Kind, "%s", l.Value)
		}
	}
	return choice{candidates: kept}
}

func ofCode(refusals []refusal.Refusal, code refusal.Code) []refusal.Refusal {
	return slices.DeleteFunc(slices.Clone(refusals), func(r refusal.Refusal) bool { return r.Code != code })
}

// ways are the commands that approve a decision. The profile is named where a person has to determine it, and where
// only its name brings names that every certificate of it has: an API server that was asked for by one address would
// lack "kubernetes".
func (j *judgement) ways(d Decision, s settled) []Candidate {
	switch {
	case d.Outcome != refusal.Hold:
		return nil
	case d.Profile == nil:
		return d.Candidates
	}
	way := Candidate{d.Profile.Name, j.additions(d)}
	if j.Override.Profile == "" && j.Request.Cover == nil && j.lacksOwn(s) {
		way.Flags = append([]string{"--profile", d.Profile.Name}, way.Flags...)
	}
	return []Candidate{way}
}

// lacksOwn reports whether a certificate would lack names that its profile has.
func (j *judgement) lacksOwn(s settled) bool {
	own := s.profile.Own(j.policy.config.Cluster.Values(s.node))
	return s.profile.Names != pki.NoNames && len(own.Without(s.names)) > 0
}

// additions are the flags, beside the profile, that a decision lacks to be signed: node, names, and what it loses.
func (j *judgement) additions(d Decision) (flags []string) {
	node, _ := j.nodeOf(d.Profile)
	if d.Profile.HasNode() && (node == "" || j.policy.checkNode(node) != nil) {
		flags = append(flags, "--node", j.likelyNode(node))
	}
	names := j.meantNames()
	if d.Profile.Names != pki.NoNames {
		flags = append(flags, nameFlags(names.Without(j.Override.Names))...)
	}
	csr := j.Request.CSR
	if d.Profile.Names == pki.RequiredNames && csr.Names.Len()+names.Len()+j.Override.Names.Len() == 0 {
		flags = append(flags, j.policy.likelyName(*d.Profile, csr.Subject.CommonName())...)
	}
	for _, q := range d.questions {
		flags = append(flags, q.Flag)
	}
	return flags
}

// meantNames are the names that the request has in another form, as certificates have them.
func (j *judgement) meantNames() (names pki.Names) {
	for _, unread := range j.Request.CSR.Unread {
		_, value, _ := strings.Cut(unread, ":")
		if ip, err := netip.ParseAddr(value); err == nil {
			names = names.Merge(pki.Names{IPs: []netip.Addr{ip}})
		} else if pki.CheckDNSName(value) == nil {
			names = names.Merge(pki.Names{DNS: []string{strings.ToLower(value)}})
		} else if meant, ok := pki.MeantName(value); ok {
			names = names.Merge(meant)
		}
	}
	return names
}

// nameFlags gives names, as Names.Strings writes them, to approve and sign.
func nameFlags(names []string) (flags []string) {
	for _, name := range names {
		kind, value, _ := strings.Cut(name, ":")
		switch kind {
		case "DNS":
			flags = append(flags, "--dns", shellWord(value))
		case "IP":
			flags = append(flags, "--ip", value)
		}
	}
	return flags
}

// likelyName is the name that a certificate without names is probably for: the common name where it is one, and not the
// API server's. A component's needs its address.
func (p *Policy) likelyName(profile pki.Profile, commonName string) []string {
	_, err := netip.ParseAddr(commonName)
	switch {
	case !generic(profile):
		return []string{"--ip", "ADDRESS"}
	case err == nil:
		return []string{"--ip", commonName}
	case pki.CheckDNSName(commonName) == nil && !p.owned.fixed[strings.ToLower(commonName)]:
		return []string{"--dns", shellWord(commonName)}
	}
	return []string{"--dns", "NAME"}
}

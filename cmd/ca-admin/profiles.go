package main

import (
	"fmt"
	"slices"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

type profilesCommand struct {
	Name       string `arg:"" optional:"" name:"profile" help:"One profile, in full."`
	Kubernetes string `placeholder:"RELEASE" help:"As of this Kubernetes release; by default the policy's."`
}

// releaseOf reads a release; "" is the newest known.
func releaseOf(s string) (kube.Release, error) {
	if s == "" {
		return kube.Latest(), nil
	}
	r, err := kube.ParseRelease(s)
	if err != nil {
		return r, cli.WithStatus(cli.Usage, err)
	}
	return r, nil
}

func (p *profilesCommand) Run(a *app) error {
	release, err := releaseOf(p.Kubernetes)
	if err != nil {
		return err
	}
	profiles := kube.Profiles(release)
	if p.Kubernetes == "" {
		if c, err := a.open(); err == nil {
			defer c.Close()
			if release, err = c.Release(); err != nil {
				return err
			}
			if profiles, err = inForce(c, release); err != nil {
				return err
			}
		}
	}
	if a.JSON {
		return a.encodeProfiles(profiles, release, p.Name)
	}
	if p.Name != "" {
		return a.showProfile(profiles, release, p.Name)
	}
	var rows [][]string
	for _, profile := range profiles {
		rows = append(rows, []string{
			profile.Name, subjectOf(profile), pki.UsageNames(profile.Usages), nameRule(profile), profile.Issuer,
			placeOf(profile), guard(profile),
		})
	}
	_, err = a.StreamTable(profileColumns, cli.Rows(rows))
	return err
}

// profileColumns are the columns of `profiles`.
var profileColumns = []cli.Column{
	{Name: "PROFILE"}, {Name: "SUBJECT"}, {Name: "USAGES", Rank: 2}, {Name: "NAMES", Rank: 3},
	{Name: "ISSUER", Rank: 4},
	{Name: "INSTALLED AS", Rank: 5}, {Name: "DECIDED BY", Rank: 1},
}

// inForce are the profiles of a release as the policy narrows them, and its own ones.
func inForce(c *ca.CA, release kube.Release) ([]kube.Profile, error) {
	rules, err := c.Rules()
	if err != nil {
		return nil, err
	}
	all := kube.Profiles(release)
	for i, one := range all {
		if narrowed := rules.Policy.Profile(one.Name); narrowed != nil {
			all[i].Profile = *narrowed
		}
	}
	for _, own := range rules.Policy.Own() {
		like, ok := kube.Find(release, rules.Policy.Config().Profiles[own.Name].Like)
		if !ok {
			continue
		}
		like.Profile, like.About = own, "a profile of this policy, like "+like.Name
		all = append(all, like)
	}
	return all, nil
}

func (a *app) showProfile(profiles []kube.Profile, release kube.Release, name string) error {
	i := slices.IndexFunc(profiles, func(p kube.Profile) bool { return p.Name == name })
	if i < 0 {
		return noProfile(profiles, name)
	}
	profile := profiles[i]
	a.Print("# %s, Kubernetes %s: %s", profile.Name, release, profile.About)
	for _, line := range [][2]string{
		{"subject", subjectOf(profile)}, {"usages", pki.UsageNames(profile.Usages)}, {"names", nameRule(profile)},
		{"own names", strings.Join(profile.OwnNames, " ")}, {"keys", pki.KeyTypeNames(profile.KeyTypes)},
		{"issuer", profile.Issuer},
		{"installed as", placeOf(profile)}, {"decided by", guard(profile)},
	} {
		if line[1] != "" {
			a.Print("# %-13s %s", line[0], line[1])
		}
	}
	if profile.Manifest != "" {
		a.Print("%s", strings.TrimRight(profile.Manifest, "\n"))
	}
	return nil
}

// profileItem is an item of `profiles -o json`.
type profileItem struct {
	Name      string   `json:"name"`
	About     string   `json:"about"`
	Subject   string   `json:"subject"`
	Usages    string   `json:"usages"`
	Names     string   `json:"names"` // none, some, at least one
	OwnNames  []string `json:"ownNames"`
	Issuer    string   `json:"issuer"`
	Installed string   `json:"installed"` // the file, below the directory that a host's files are in
	Guarded   bool     `json:"guarded"`
}

// encodeProfiles prints profiles, or the one that is named.
func (a *app) encodeProfiles(profiles []kube.Profile, release kube.Release, name string) error {
	items := []profileItem{}
	for _, p := range profiles {
		if name == "" || p.Name == name {
			items = append(items, profileItem{
				p.Name, p.About, subjectOf(p), pki.UsageNames(p.Usages), nameRule(p), orEmpty(p.OwnNames), p.Issuer,
				placeOf(p), p.Guarded,
			})
		}
	}
	if name != "" && len(items) == 0 {
		return noProfile(profiles, name)
	}
	return a.Encode(newList("ProfileList", items))
}

// noProfile says that no profile has this name, and which one was probably meant.
func noProfile(profiles []kube.Profile, name string) error {
	var names []string
	for _, p := range profiles {
		names = append(names, p.Name)
	}
	hint := cli.DidYouMean(name, names, "the profiles: ca-admin profiles")
	return cli.WithStatus(cli.Usage, fmt.Errorf("no profile %q", name), hint)
}

// checkProfiles refuses names that no profile of the policy in force has; "" is no name.
func checkProfiles(c *ca.CA, names ...string) error {
	release, err := c.Release()
	if err != nil {
		return err
	}
	profiles, err := inForce(c, release)
	if err != nil {
		return err
	}
	for _, name := range names {
		known := slices.ContainsFunc(profiles, func(p kube.Profile) bool { return p.Name == name })
		if name != "" && !known {
			return noProfile(profiles, name)
		}
	}
	return nil
}

func subjectOf(p kube.Profile) string {
	if p.Generic() {
		return "as asked"
	}
	parts := []string{"CN=" + p.CommonName}
	for _, o := range p.Organizations {
		parts = append(parts, "O="+o)
	}
	return strings.Join(parts, ", ")
}

func nameRule(p kube.Profile) string {
	return [...]string{pki.NoNames: "none", pki.SomeNames: "some", pki.RequiredNames: "at least one"}[p.Names]
}

func placeOf(p kube.Profile) string {
	if p.Kubeconfig != "" {
		return p.Kubeconfig
	}
	return p.Certificate
}

func guard(p kube.Profile) string {
	if p.Guarded {
		return "a person, every time"
	}
	return ""
}

package main

import (
	"errors"
	"fmt"
	"slices"

	"ca-exchange/internal/kube"
)

// whoFlags say what only the CA's policy and the asking person know: what an own profile is like, and who a user is.
type whoFlags struct {
	Like   string   `placeholder:"PROFILE" help:"Of the CA's own profile: like server, client, peer, user."`
	Issuer string   `placeholder:"ISSUER" help:"With --like: who signs, ca (default), etcd-ca, front-proxy-ca."`
	Group  []string `placeholder:"GROUP" help:"A group of a user or client (organisation); again for another."`
}

// person is the generic profile whose name on the command line is followed by the user's: user jane.
const person = "user"

// forPerson reports whether the second word is a user's name: user jane, or dev-access jane --like user.
func (r *requestCommand) forPerson() bool {
	return len(r.Profiles) > 0 && !r.adopts() && (r.Profiles[0] == person || r.Like == person)
}

// asked are the words of the command line that name a profile.
func (r *requestCommand) asked() []string {
	if r.forPerson() {
		return r.Profiles[:1]
	}
	return r.Profiles
}

// user is the name of the person, "" where the command line has none.
func (r *requestCommand) user() string {
	if r.forPerson() && len(r.Profiles) == 2 {
		return r.Profiles[1]
	}
	return r.CommonName
}

// validateWho holds the flags against each other and against what no CA signs.
func (r *requestCommand) validateWho() error {
	switch {
	case r.forPerson() && (len(r.Profiles) > 2 || len(r.Profiles) == 2 && r.CommonName != ""):
		return fmt.Errorf("profile %s takes one name: component-admin request %[1]s NAME", r.Profiles[0])
	case r.Like == "" && r.Issuer != "":
		return errors.New("--issuer goes with --like: a built-in profile has its issuer")
	case r.Like != "" && len(r.asked()) != 1:
		return errors.New("--like goes with one profile")
	case r.Like != "":
		if _, err := kube.Own(r.asked()[0], r.Like, r.Issuer); err != nil {
			return err
		}
	}
	if len(r.Group) > 0 && !r.takesGroups() {
		return errors.New("--group is for profiles user and client, and for those that are --like one of them")
	}
	for _, who := range append(slices.Clone(r.Group), r.user()) {
		if err := kube.CheckWho(who); err != nil {
			return err
		}
	}
	return nil
}

// takesGroups reports whether the one profile that is asked for leaves its groups to the request.
func (r *requestCommand) takesGroups() bool {
	kinds := []string{person, "client"}
	return len(r.asked()) == 1 && (slices.Contains(kinds, r.asked()[0]) || slices.Contains(kinds, r.Like))
}

// profile finds what a word of the command line names: a built-in profile, or one of the CA's own policy.
func (r *requestCommand) profile(release kube.Release, name string) (kube.Profile, bool) {
	if r.Like != "" {
		p, err := kube.Own(name, r.Like, r.Issuer)
		return p, err == nil
	}
	return kube.Find(release, name)
}

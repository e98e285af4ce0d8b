package policy

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
	"golang.org/x/crypto/ssh"
)

// Requester is an enrolled component admin: a name, the SSH key that speaks for it, and what it may ask for.
type Requester struct {
	Name  string `yaml:"name"`
	Key   string `yaml:"key"`   // as in authorized_keys, without options
	Since string `yaml:"since"` // RFC 3339
	Scope `yaml:",inline"`
}

// Requesters are all of requesters.yaml.
type Requesters struct {
	APIVersion string      `yaml:"apiVersion"`
	Kind       string      `yaml:"kind"`
	Requesters []Requester `yaml:"requesters"`
}

// ParseRequesters reads requesters.yaml strictly; no bytes mean nobody.
func ParseRequesters(text []byte) (Requesters, error) {
	r := Requesters{APIVersion: apiVersion, Kind: "Requesters"}
	if text == nil {
		return r, nil
	}
	file, err := decode("requesters.yaml", text, &r)
	if err != nil {
		return Requesters{}, err
	}
	s := source{"requesters.yaml", file}
	if r.APIVersion != apiVersion || r.Kind != "Requesters" {
		return Requesters{}, s.at("$.kind", "apiVersion is %q and kind %q, not %q and %q",
			r.APIVersion, r.Kind, apiVersion, "Requesters")
	}
	for i, one := range r.Requesters {
		path := fmt.Sprintf("$.requesters[%d]", i)
		fingerprint, err := KeyFingerprint(one.Key)
		if err != nil {
			return Requesters{}, s.at(path+".key", "requester %q: %v", one.Name, err)
		}
		for _, earlier := range r.Requesters[:i] {
			if f, _ := KeyFingerprint(earlier.Key); earlier.Name == one.Name || f == fingerprint {
				return Requesters{}, s.at(path, "requester %q stands twice, or its key does", one.Name)
			}
		}
		if err := s.checkScope(path, one.Scope); err != nil {
			return Requesters{}, err
		}
	}
	return r, nil
}

// Encode writes requesters.yaml.
func (r Requesters) Encode() ([]byte, error) {
	text, err := yaml.MarshalWithOptions(r, yaml.IndentSequence(true))
	const head = "# Who may ask, and for what. Written by `ca-admin enroll`, `scope` and `unenroll`; may be edited " +
		"by hand.\n"
	return append([]byte(head), text...), err
}

// ErrEnrolled says that a name or a key is taken.
var ErrEnrolled = errors.New("is enrolled already")

// Enroll adds a requester.
func (r Requesters) Enroll(one Requester) (Requesters, error) {
	fingerprint, err := KeyFingerprint(one.Key)
	if err != nil {
		return r, err
	}
	if have, ok := r.ByName(one.Name); ok {
		return r, fmt.Errorf("requester %q %w", have.Name, ErrEnrolled)
	}
	if have, ok := r.ByKey(fingerprint); ok {
		return r, fmt.Errorf("key %s of requester %q %w", fingerprint, have.Name, ErrEnrolled)
	}
	if err := one.check(); err != nil {
		return r, err
	}
	one.Scope = one.writtenOut()
	r.Requesters = append(slices.Clone(r.Requesters), one)
	return r.reread()
}

// ErrNotEnrolled reports that nobody is enrolled under a name.
var ErrNotEnrolled = errors.New("is not enrolled")

// Replace puts a requester in the place of the one with the same name: with another scope, or another key.
func (r Requesters) Replace(one Requester) (Requesters, error) {
	fingerprint, err := KeyFingerprint(one.Key)
	if err != nil {
		return r, err
	}
	i := slices.IndexFunc(r.Requesters, func(have Requester) bool { return have.Name == one.Name })
	if i < 0 {
		return r, fmt.Errorf("requester %q %w", one.Name, ErrNotEnrolled)
	}
	if have, ok := r.ByKey(fingerprint); ok && have.Name != one.Name {
		return r, fmt.Errorf("key %s of requester %q %w", fingerprint, have.Name, ErrEnrolled)
	}
	if err := one.check(); err != nil {
		return r, err
	}
	r.Requesters = slices.Clone(r.Requesters)
	one.Scope = one.writtenOut()
	r.Requesters[i] = one
	return r.reread()
}

// check holds a scope against the rules before it is in a file: no line of one could be looked up.
func (one Requester) check() error {
	return source{name: fmt.Sprintf("requester %q", one.Name)}.checkScope("$", one.Scope)
}

// reread writes the requesters and reads them back, with every check of a file.
func (r Requesters) reread() (Requesters, error) {
	text, err := r.Encode()
	if err != nil {
		return r, err
	}
	return ParseRequesters(text)
}

// writtenOut gives the fields that version 1 did not know a place in the file, though they are empty. A scope that
// version 1 wrote keeps its form until it is changed, so that what it lost is still reported.
func (s Scope) writtenOut() Scope {
	for _, list := range []*[]string{&s.Wildcards, &s.Users, &s.Groups} {
		if *list == nil {
			*list = []string{}
		}
	}
	return s
}

// Unenroll takes a requester away; false where there is none of that name.
func (r Requesters) Unenroll(name string) (Requesters, bool) {
	kept := slices.DeleteFunc(slices.Clone(r.Requesters), func(one Requester) bool { return one.Name == name })
	removed := len(kept) < len(r.Requesters)
	r.Requesters = kept
	return r, removed
}

// ByName finds a requester.
func (r Requesters) ByName(name string) (*Requester, bool) {
	i := slices.IndexFunc(r.Requesters, func(one Requester) bool { return one.Name == name })
	if i < 0 {
		return nil, false
	}
	return &r.Requesters[i], true
}

// ByKey finds the requester that a key's SSH fingerprint speaks for.
func (r Requesters) ByKey(fingerprint string) (*Requester, bool) {
	i := slices.IndexFunc(r.Requesters, func(one Requester) bool {
		f, err := KeyFingerprint(one.Key)
		return err == nil && f == fingerprint
	})
	if i < 0 {
		return nil, false
	}
	return &r.Requesters[i], true
}

// KeyFingerprint is the SSH fingerprint of a key as authorized_keys has it.
func KeyFingerprint(authorized string) (string, error) {
	key, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(authorized))
	switch {
	case err != nil:
		return "", errors.New("not an SSH public key such as ssh-keygen writes into NAME.pub")
	case len(options) > 0 || strings.TrimSpace(string(rest)) != "":
		return "", errors.New("one SSH public key, without options")
	}
	return ssh.FingerprintSHA256(key), nil
}

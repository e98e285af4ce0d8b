package policy

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/goccy/go-yaml"
)

// Signers are all of signers.yaml: whose keys are kept elsewhere, and who signs with them.
type Signers struct {
	APIVersion string            `yaml:"apiVersion"`
	Kind       string            `yaml:"kind"`
	Signers    map[string]Signer `yaml:"signers"` // by issuer
}

// Signer says who signs for an issuer: an ssh-agent, or a program.
type Signer struct {
	Agent  string   `yaml:"agent,omitempty"`     // the key's fingerprint, as ssh-add -l prints it
	Socket string   `yaml:"socket,omitempty"`    // the agent's; "" for the one of SSH_AUTH_SOCK
	Exec   []string `yaml:"exec,omitempty,flow"` // the program and its arguments, never a shell's line
}

// keyFingerprint is SHA256: and 32 bytes in base64 without padding, as OpenSSH writes it.
var keyFingerprint = regexp.MustCompile(`^SHA256:[A-Za-z0-9+/]{43}$`)

// ParseSigners reads signers.yaml strictly; no bytes mean that no key is elsewhere. issuers are those there are.
func ParseSigners(text []byte, issuers []string) (Signers, error) {
	all := Signers{APIVersion: apiVersion, Kind: "Signers"}
	if text == nil {
		return all, nil
	}
	file, err := decode("signers.yaml", text, &all)
	if err != nil {
		return Signers{}, err
	}
	s := source{"signers.yaml", file}
	if all.APIVersion != apiVersion || all.Kind != "Signers" {
		return Signers{}, s.at("$.kind", "apiVersion is %q and kind %q, not %q and %q", all.APIVersion, all.Kind,
			apiVersion, "Signers")
	}
	for _, name := range slices.Sorted(maps.Keys(all.Signers)) {
		path := "$.signers." + name
		if !slices.Contains(issuers, name) {
			return Signers{}, s.at(path, "no issuer %q (%s)", name, strings.Join(issuers, ", "))
		}
		if field, err := all.Signers[name].check(); err != nil {
			return Signers{}, s.at(path+field, "issuer %s: %v", name, err)
		}
	}
	return all, nil
}

// Check refuses what ParseSigners would.
func (s Signer) Check() error {
	_, err := s.check()
	return err
}

// check gives the field that is wrong, as a path below the signer's.
func (s Signer) check() (field string, err error) {
	switch {
	case (s.Agent == "") == (len(s.Exec) == 0):
		return "", errors.New("agent or exec says who signs, one of them")
	case s.Agent != "" && !keyFingerprint.MatchString(s.Agent):
		return ".agent",
			fmt.Errorf("%q is not a fingerprint as ssh-add -l prints it: SHA256: and 43 characters", s.Agent)
	case s.Socket != "" && s.Agent == "":
		return ".socket", errors.New("a socket belongs to an agent")
	case s.Socket != "" && !filepath.IsAbs(s.Socket):
		return ".socket", fmt.Errorf("%q is not an absolute path", s.Socket)
	case len(s.Exec) > 0 && !filepath.IsAbs(s.Exec[0]):
		return ".exec", fmt.Errorf("%q is not the absolute path of a program (a shell's line is not read)", s.Exec[0])
	}
	return "", nil
}

// With is the same with another signer for an issuer.
func (s Signers) With(issuer string, one Signer) Signers {
	changed := map[string]Signer{issuer: one}
	for name, other := range s.Signers {
		if name != issuer {
			changed[name] = other
		}
	}
	s.Signers = changed
	return s
}

// Encode writes signers.yaml.
func (s Signers) Encode() ([]byte, error) {
	text, err := yaml.Marshal(s)
	const head = "# Who signs for the issuers whose keys are elsewhere. Written by `ca-admin init` and " +
		"`issuer attach`; may be edited by hand.\n"
	return append([]byte(head), text...), err
}

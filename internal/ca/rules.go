package ca

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/request"
)

// rules are the policy and what belongs to it, as they stood when they were last read.
type rules struct {
	policy  *policy.Policy
	release kube.Release
	blocked request.Blocklist
	digest  string // of the files they came from: another digest, and what is held is decided again
}

// Rules reads policy.yaml, requesters.yaml and the blocked keys again where they changed. A mistake in them is an
// error with file, line and column; the rules read before stay in force for a running watch.
func (c *CA) Rules() (*rules, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	files := [][]byte{nil, nil, nil}
	for i, name := range []string{policyFile, requestersFile, blockedFile} {
		b, _, err := c.dir.Read(name, sizeLimit)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		files[i] = b
	}
	digest := digestOf(files...)
	if c.rules != nil && c.rules.digest == digest {
		return c.rules, nil
	}
	fresh, err := parseRules(files[0], files[1], files[2])
	if err != nil {
		return c.rules, err
	}
	fresh.digest = digest
	c.rules = fresh
	return fresh, nil
}

func parseRules(policyYAML, requestersYAML, blocked []byte) (*rules, error) {
	if policyYAML == nil {
		return nil, fmt.Errorf("no %s in the CA directory", policyFile)
	}
	config, err := policy.Parse(policyYAML)
	if err != nil {
		return nil, err
	}
	release := kube.Latest()
	if config.Cluster.Kubernetes != "" {
		if release, err = kube.ParseRelease(config.Cluster.Kubernetes); err != nil {
			return nil, fmt.Errorf("%s: cluster.kubernetes: %w", policyFile, err)
		}
	}
	requesters, err := policy.ParseRequesters(requestersYAML)
	if err != nil {
		return nil, err
	}
	list, err := request.ParseBlocklist(blocked)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", blockedFile, err)
	}
	p, err := policy.New(config, profilesOf(release), requesters)
	if err != nil {
		return nil, err
	}
	return &rules{policy: p, release: release, blocked: list}, nil
}

func profilesOf(release kube.Release) []pki.Profile {
	var all []pki.Profile
	for _, p := range kube.Profiles(release) {
		all = append(all, p.Profile)
	}
	return all
}

// block adds keys to the blocked ones: keys whose private half was seen on the exchange.
func (c *CA) block(fingerprints []string) error {
	b, _, err := c.dir.Read(blockedFile, sizeLimit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	text := string(b)
	for _, f := range fingerprints {
		if !strings.Contains(text, f) {
			text += f + "\n"
		}
	}
	return c.dir.Replace(blockedFile, []byte(text), 0o600)
}

func digestOf(parts ...[]byte) string {
	sums := make([][]byte, len(parts))
	for i, p := range parts {
		sum := sha256.Sum256(p)
		sums[i] = sum[:]
	}
	sum := sha256.Sum256(bytes.Join(sums, nil))
	return hex.EncodeToString(sum[:])
}

package ca

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/request"
)

// Rules are the policy and what belongs to it, as they stood when they were last read.
type Rules struct {
	Policy  *policy.Policy
	Release kube.Release
	Blocked request.Blocklist
	Waiting bool   // an issuer waits for its parent: nothing is issued
	Digest  string // of the files they came from: another digest, and what is held is decided again
}

// Rules reads policy.yaml, requesters.yaml and the blocked keys again where they changed. A mistake in them is an
// error with file, line and column; the rules read before stay in force for a running watch.
func (c *CA) Rules() (*Rules, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) > 0 {
		if err := c.loadTrust(); err != nil {
			return c.rules, err
		}
	}
	files, open := [][]byte{nil, nil, nil}, []string(nil)
	for i, name := range []string{policyFile, requestersFile, blockedFile} {
		b, stat, err := c.dir.Read(name, sizeLimit)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		if files[i] = b; err == nil && stat.Mode.Perm()&writableByOthers != 0 {
			open = append(open, name)
		}
	}
	if len(c.waiting) > 0 {
		files = append(files, []byte(strings.Join(c.waiting, " ")))
	}
	digest := digestOf(files...)
	if c.rules != nil && c.rules.Digest == digest {
		return c.rules, nil
	}
	fresh, err := parseRules(files[0], files[1], files[2])
	if err != nil {
		return c.rules, err
	}
	fresh.Digest, fresh.Waiting = digest, len(c.waiting) > 0
	c.rules = fresh
	for _, name := range open {
		c.Log.Warn(name + " may be written by others than its owner: chmod 600 " + filepath.Join(c.dir.Path(), name))
	}
	for _, warning := range fresh.Policy.Warnings() { // once for each change of the files
		c.Log.Warn(warning)
	}
	return fresh, nil
}

// writableByOthers are the bits of a mode that let others than the owner change what the CA grants.
const writableByOthers = 0o022

func parseRules(policyYAML, requestersYAML, blocked []byte) (*Rules, error) {
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
	return &Rules{Policy: p, Release: release, Blocked: list}, nil
}

func profilesOf(release kube.Release) []pki.Profile {
	var all []pki.Profile
	for _, p := range kube.Profiles(release) {
		all = append(all, p.Profile)
	}
	return all
}

// seenLimit is how large blocked-keys may become, in bytes, by keys that anybody may drop into an inbox: some 64,000 of
// them. What a person blocks may fill it up to what is read.
const seenLimit = 4 << 20

// ErrBlockedFull reports that blocked-keys takes no more keys.
var ErrBlockedFull = errors.New("blocked-keys is full")

// Block adds keys to the blocked ones: those of a compromise. A watch and a person may do so at once.
func (c *CA) Block(fingerprints []string) error { return c.block(fingerprints, sizeLimit) }

// BlockSeen blocks keys whose private half was seen on the exchange.
func (c *CA) BlockSeen(fingerprints []string) error { return c.block(fingerprints, seenLimit) }

func (c *CA) block(fingerprints []string, most int) error {
	return c.dir.Exclusively(func() error {
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
		switch {
		case len(text) == len(b):
			return nil
		case len(text) > most:
			return fmt.Errorf("%w: at most %d bytes", ErrBlockedFull, most)
		}
		return c.dir.Replace(blockedFile, []byte(text), 0o600)
	})
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

package component

import (
	"crypto"
	"crypto/x509"
	"fmt"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/request"
)

// certificateFile keeps a verified certificate beside its key until both are in place.
const certificateFile = "certificate.pem"

// install verifies an answer by everything that was asked and pinned, and puts it into place. The order is a journal:
// certificate beside the key, state "Installing", old files kept, key, certificate, state "Installed"; finish goes on
// from any point.
func (c *Component) install(out *Progress, trust pki.Trust, answer []byte, o SyncOptions) error {
	expected, err := c.expected(out.State, trust)
	if err != nil {
		return err
	}
	expected.AcceptNames = o.AcceptNames
	leaf, warnings, err := pki.VerifyAnswer(answer, expected, c.Now())
	if err != nil {
		return err
	}
	out.Warnings = warnings
	if lost := c.lost(out.Files, leaf); len(lost) > 0 {
		o.Losing(out.State, lost)
	}
	dir, err := c.request(out.ID)
	if err != nil {
		return err
	}
	defer dir.Close()
	// The leaf as parsed, and what is pinned above it: never the answer's own bytes.
	chain := pki.Authority{Certificate: leaf, Chain: expected.Authority.Intermediates()}
	if err := dir.Replace(certificateFile, chain.Bundle(), 0o644); err != nil {
		return err
	}
	// Until the state is written the request is open, to the caller, too: of any other the answer is removed from
	// the outbox.
	installing := out.State
	c.describe(&installing, leaf)
	installing.Status = StatusInstalling
	if err := writeState(dir, installing); err != nil {
		return err
	}
	out.State = installing
	return c.finish(&out.State, trust)
}

// describe notes in a state what is about to be installed, and what it replaces. A second look at the same certificate,
// after a kill, must not take the new one for the old.
func (c *Component) describe(s *State, leaf *x509.Certificate) {
	s.Fingerprint, s.Serial = pki.Fingerprint(leaf), pki.SerialHex(leaf.SerialNumber)
	s.NotAfter, s.Verified, s.Reason = leaf.NotAfter, c.Now().UTC().Truncate(time.Second), ReasonFirst
	old, err := c.leaf(s.Files)
	if err != nil || old.Equal(leaf) {
		return
	}
	s.OldSerial, s.Reason = pki.SerialHex(old.SerialNumber), ReasonRekeyed
	if key, ok := old.PublicKey.(interface{ Equal(crypto.PublicKey) bool }); ok && key.Equal(leaf.PublicKey) {
		s.Reason = ReasonRenewed
	}
}

// expected is what a request's answer must be.
func (c *Component) expected(s State, trust pki.Trust) (pki.Expected, error) {
	profile, authority, err := issuerOf(s, trust)
	if err != nil {
		return pki.Expected{}, err
	}
	key, req, err := c.read(s)
	if err != nil {
		return pki.Expected{}, err
	}
	e := pki.Expected{
		Key: key.Public(), Profile: profile.Profile, Node: s.Node, CommonName: s.CommonName,
		Organizations: s.Organizations, Names: req.CSR.Names, Authority: authority,
	}
	// A renewal may end earlier than what it replaces: the CA's policy has become shorter. Any other answer that does
	// is an old one, put there again.
	if leaf := c.usable(s.Files, e); leaf != nil && pki.Fingerprint(leaf) != s.Replaces {
		e.NotAfter = leaf.NotAfter
	}
	return e, nil
}

// issuerOf is a request's profile and the pinned issuer of that profile.
func issuerOf(s State, trust pki.Trust) (kube.Profile, pki.Authority, error) {
	profile, err := profileOf(s)
	if err != nil {
		return kube.Profile{}, pki.Authority{}, err
	}
	authority, ok := trust.Authority(profile.Issuer)
	if !ok {
		return kube.Profile{}, pki.Authority{}, fmt.Errorf("the pinned trust has no issuer %q", profile.Issuer)
	}
	return profile, authority, nil
}

// profileOf is the profile that a request was made under.
func profileOf(s State) (kube.Profile, error) {
	if s.Like != "" {
		return kube.Own(s.Profile, s.Like, s.Issuer)
	}
	release, err := kube.ParseRelease(s.Release)
	if err != nil {
		return kube.Profile{}, err
	}
	p, ok := kube.Find(release, s.Profile)
	if !ok {
		return kube.Profile{}, fmt.Errorf("no profile %q in Kubernetes %s", s.Profile, release)
	}
	return p, nil
}

// finish puts a verified pair into place, however far an earlier attempt came. It needs no exchange.
func (c *Component) finish(s *State, trust pki.Trust) error {
	_, authority, err := issuerOf(*s, trust)
	if err != nil {
		return err
	}
	if err := c.installIssuers(trust, *s); err != nil {
		return err
	}
	dir, err := c.request(s.ID)
	if err != nil {
		return err
	}
	defer dir.Close()
	certificate, _, err := dir.Read(certificateFile, inbox.Limit)
	if err != nil {
		return err
	}
	key, err := c.key(*s, dir)
	if err != nil {
		return err
	}
	if err := c.putAll(c.places(*s, authority, certificate, key)); err != nil {
		return err
	}
	// From here on the hooks are owed: the next run finds them in the state, even after a kill. Until the state is
	// written the caller, too, sees a request that is being installed: the key beside an installed one is cleared away.
	installed := *s
	installed.Status, installed.Apply = StatusInstalled, &Apply{State: ApplyPending}
	if err := writeState(dir, installed); err != nil {
		return err
	}
	*s = installed
	return c.settled(*s, dir)
}

// settled ends what an installation makes obsolete: the state of the certificate that had the place before, and the
// request's copy of the key, which has one home now. A kill before this leaves a copy that only its owner can read,
// until tidy.
func (c *Component) settled(s State, dir *durable.Dir) error {
	all, err := c.Requests()
	if err != nil {
		return err
	}
	if err := c.setStatuses(replaced(all), StatusReplaced); err != nil {
		return err
	}
	return removeKey(s, dir)
}

func removeKey(s State, dir *durable.Dir) error {
	if s.KeyInPlace {
		return nil
	}
	return existing(dir.Remove(keyFile))
}

// key reads a request's private key: kept beside the request until the answer comes, or in its place all along.
func (c *Component) key(s State, dir *durable.Dir) (pem []byte, err error) {
	if s.KeyInPlace {
		return c.keyInPlace(s.Files)
	}
	pem, _, err = dir.Read(keyFile, sizeLimit)
	return pem, err
}

// read reads a request's key and the request itself.
func (c *Component) read(s State) (crypto.Signer, *request.Request, error) {
	dir, err := c.request(s.ID)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	pem, err := c.key(s, dir)
	if err != nil {
		return nil, nil, err
	}
	key, err := pki.ParsePrivateKey(pem, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("reading the key of request %s: %w", s.ID[:16], err)
	}
	entry, _, err := dir.Read(requestFile, inbox.Limit)
	if err != nil {
		return nil, nil, err
	}
	req, refusals := request.Parse(entry, nil)
	if req == nil {
		return nil, nil, fmt.Errorf("reading request %s: %w", s.ID[:16], refusedBy(refusals))
	}
	if err := madeWith(req.CSR, key); err != nil {
		return nil, nil, fmt.Errorf("request %s: %w: ask again", s.ID[:16], err)
	}
	return key, req, nil
}

// SetServer writes the kubeconfig of a profile again for another API server: the one that was installed last, else the
// one in its usual place. It gives back which.
func (c *Component) SetServer(p kube.Profile, l Layout, server string) (file string, err error) {
	requests, err := c.Requests()
	if err != nil {
		return "", err
	}
	f := l.Files(p)
	for _, files := range placesOf(p.Name, requests) {
		if files.Kubeconfig != "" {
			f = files
		}
	}
	file = joined(f.Root, f.Kubeconfig)
	k, err := c.kubeconfig(f)
	if err != nil {
		return file, err
	}
	k.Server = server
	return file, c.putAll([]place{{root: f.Root, file: f.Kubeconfig, bytes: k.Encode(), mode: 0o600}})
}

package component

import (
	"context"
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// ErrTaken: the file that a request is for belongs to another profile.
var ErrTaken = errors.New("the file belongs to another profile")

// OpenError says that a request for the same place is open already.
type OpenError struct{ State }

func (e *OpenError) Error() string {
	return fmt.Sprintf("a request for %s has been open since %s, id %s",
		e.Files.Place(), e.Created.Format(time.RFC3339), e.ID[:16])
}

// Wish is what a person adds to an ask.
type Wish struct {
	KeyType    pki.KeyType
	Days       int
	Release    kube.Release
	Files      Files         // where the result goes
	Worker     bool          // the host runs no control plane
	Key        crypto.Signer // a new key of KeyType, see MakeKeys; nil to have one made
	KeyInPlace bool          // no new key: the one that lies in Files
	CSR        []byte        // made by another program with that key, DER; nil to have one made
	Again      bool          // an open request for the same place is withdrawn
}

// Check makes a request with a throw-away key and drops nothing: what the CA would always deny is an ErrRefused before
// a real key exists for it.
func (c *Component) Check(ask kube.Ask, w Wish) error {
	if c.Trust == "" {
		return ErrUnpinned
	}
	if owner := w.Files.hosts(); owner != "" {
		return fmt.Errorf("%w: %s", ErrHostsFile, owner)
	}
	csr := w.CSR
	if csr == nil {
		key, err := pki.ECDSAP256.Generate()
		if err != nil {
			return err
		}
		if csr, err = request.Create(key, ask.CommonName, ask.Organizations, ask.Names); err != nil {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	_, refusals := request.Parse(request.Encode(c.newCover(ask, w), csr), nil)
	if refusal.Worst(refusals) == refusal.Deny {
		return refusedBy(refusals)
	}
	return nil
}

// refusedBy is the first denial among refusals, as an error.
func refusedBy(refusals []refusal.Refusal) error {
	for _, r := range refusals {
		if r.Code.Outcome() == refusal.Deny {
			return fmt.Errorf("%w: %s: %s %s (allowed: %s)", ErrRefused, r.Code.Meaning(), r.Field, r.Asked, r.Allowed)
		}
	}
	return ErrRefused
}

// Request makes a key and a request for an ask, durably and before anything is dropped. Where one is open for the same
// place it is an *OpenError, unless the wish says Again: then that one is superseded, and withdrawn at the next Sync.
func (c *Component) Request(ask kube.Ask, w Wish) (State, error) {
	if err := c.Check(ask, w); err != nil {
		return State{}, err
	}
	lock, err := c.Lock()
	if err != nil {
		return State{}, err
	}
	defer lock.Release()
	// Half of an installed pair must not be superseded, nor taken for the key in place.
	if _, err := c.finishInterrupted(context.Background()); err != nil {
		return State{}, err
	}
	open, err := c.competing(ask.Profile.Name, w)
	if err != nil {
		return State{}, err
	}
	s, err := c.make(ask, w)
	if err != nil {
		return State{}, err
	}
	return s, c.setStatuses(open, StatusSuperseded)
}

// competing finds the open requests for a wish's place.
func (c *Component) competing(profile string, w Wish) (open []State, err error) {
	all, err := c.Requests()
	if err != nil {
		return nil, err
	}
	for _, s := range all {
		if s.Status != StatusOpen && s.Status != StatusInstalling && s.Status != StatusInstalled {
			continue
		}
		switch {
		case !s.Files.Overlap(w.Files):
		case s.Profile != profile || s.Files.Place() != w.Files.Place():
			return nil, fmt.Errorf("%w: %s is requested for %s (%s, request %s)",
				ErrTaken, s.Files.Place(), s.Profile, strings.ToLower(s.Status), s.ID[:16])
		case s.Status == StatusInstalling: // it could not be finished: superseding it would leave half a pair
			return nil, &OpenError{s}
		case s.Status == StatusOpen:
			open = append(open, s)
		}
	}
	if len(open) > 0 && !w.Again {
		return nil, &OpenError{open[len(open)-1]}
	}
	return open, nil
}

// Overlap reports whether two results would write the same file.
func (f Files) Overlap(g Files) bool {
	return slices.ContainsFunc(f.paths(), func(path string) bool { return slices.Contains(g.paths(), path) })
}

// ErrHostsFile: the file that a request is for is one that every certificate of the host depends on.
var ErrHostsFile = errors.New("the file is not a certificate's own")

// hosts says which file of an issuer or of the service accounts a result would be written over; "" for none. On a file
// system that ignores case, another case is the same file.
func (f Files) hosts() string {
	shared := map[string]string{"sa.key": "service accounts", "sa.pub": "service accounts"}
	for _, i := range kube.Issuers() {
		shared[i.Certificate], shared[i.Key], shared[i.CRL()] = "issuer "+i.Name, "issuer "+i.Name, "issuer "+i.Name
	}
	for _, own := range f.paths() {
		for file, owner := range shared {
			root, path := f.issuer(file)
			if place := filepath.Join(root, path); strings.EqualFold(own, place) {
				return place + " belongs to " + owner
			}
		}
	}
	return ""
}

// make makes one request and its key.
func (c *Component) make(ask kube.Ask, w Wish) (State, error) {
	key, csr, err := c.keyAndCSR(ask, w)
	if err != nil {
		return State{}, err
	}
	cover := c.newCover(ask, w)
	cover.Replaces = c.replaces(ask.Profile.Issuer, w.Files)
	entry := request.Encode(cover, csr)
	parsed, refusals := request.Parse(entry, nil)
	if parsed == nil {
		return State{}, refusedBy(refusals)
	}
	s := State{
		APIVersion: refusal.APIVersion, Kind: "Request", Status: StatusOpen,
		ID: parsed.ID.String(), Entry: entryName(ask, parsed.ID),
		Profile: ask.Profile.Name, Release: w.Release.String(), Node: ask.Node,
		CommonName: ask.CommonName, Organizations: ask.Organizations, Names: ask.Names.Strings(),
		Files: w.Files, KeyInPlace: w.KeyInPlace, Worker: w.Worker,
		Replaces: cover.Replaces, Created: cover.Created, Expires: cover.Expires,
	}
	if ask.Profile.Like != "" {
		s.Like, s.Issuer = ask.Profile.Like, ask.Profile.Issuer
	}
	signed, err := c.sign(entry)
	if err != nil {
		return State{}, err
	}
	return s, c.keep(s, key, signed)
}

// coverLife is how long a request stays answerable.
const coverLife = 180 * 24 * time.Hour

func (c *Component) newCover(ask kube.Ask, w Wish) *request.Cover {
	now := c.Now().UTC().Truncate(time.Second)
	return &request.Cover{
		Profile: ask.Profile.Name, Requester: c.Name, Trust: c.Trust, Node: ask.Node, Days: w.Days,
		Created: now, Expires: now.Add(coverLife), Nonce: nonce(),
	}
}

// replaces is the fingerprint of the certificate in a request's place, where the CA understands that and it is one of
// its own; "" elsewhere.
func (c *Component) replaces(issuer string, f Files) string {
	if !slices.Contains(c.Features, inbox.FeatureRenew) {
		return ""
	}
	trust, err := c.Issuers()
	if err != nil {
		return ""
	}
	authority, ok := trust.Authority(issuer)
	leaf, err := c.leaf(f)
	if err != nil || !ok || leaf.CheckSignatureFrom(authority.Certificate) != nil {
		return ""
	}
	return pki.Fingerprint(leaf)
}

// nonce makes two requests for the same thing differ: 32 hex digits.
func nonce() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

// keyAndCSR makes the key, or reads the one in place, and the CSR that goes with it.
func (c *Component) keyAndCSR(ask kube.Ask, w Wish) (key crypto.Signer, csr []byte, err error) {
	if w.KeyInPlace {
		key, err = c.signerInPlace(w.Files)
	} else if key = w.Key; key == nil {
		key, err = w.KeyType.Generate()
	}
	if err != nil {
		return nil, nil, err
	}
	if w.CSR != nil {
		return key, w.CSR, nil
	}
	if csr, err = request.Create(key, ask.CommonName, ask.Organizations, ask.Names); err != nil {
		return nil, nil, fmt.Errorf("making a CSR: %w", err)
	}
	return key, csr, nil
}

// entryName: "cp1-kube-apiserver-3f9a1c0b00112233", so that a person at the inbox sees who wants what.
func entryName(ask kube.Ask, id pki.ID) string {
	who := ask.Node
	if who == "" && ask.Profile.Generic() {
		who = strings.Trim(strings.ReplaceAll(ask.CommonName, "*", "_"), "._-")
	}
	who = strings.TrimRight(who[:min(len(who), 40)], ".-_")
	if !inbox.LegalName(who) {
		return ask.Profile.Name + "-" + id.Short()
	}
	return who + "-" + ask.Profile.Name + "-" + id.Short()
}

// keep writes a request's directory, the state last: a directory without one is an interrupted request, and means
// nothing.
func (c *Component) keep(s State, key crypto.Signer, entry []byte) error {
	requests, _, err := c.private.MakeDir(requestsDir, 0o700, -1)
	if err != nil {
		return err
	}
	defer requests.Close()
	dir, _, err := requests.MakeDir(s.ID, 0o700, -1)
	if err != nil {
		return err
	}
	defer dir.Close()
	if !s.KeyInPlace {
		pem, err := pki.EncodePrivateKey(key)
		if err != nil {
			return err
		}
		if err := dir.Create(keyFile, pem, 0o600); err != nil {
			return err
		}
	}
	if err := dir.Create(requestFile, entry, 0o644); err != nil {
		return err
	}
	return writeState(dir, s)
}

func (c *Component) setStatuses(states []State, status string) error {
	for _, s := range states {
		s.Status = status
		if err := c.save(s); err != nil {
			return err
		}
	}
	return nil
}

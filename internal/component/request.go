package component

import (
	"crypto"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
	"ca-exchange/internal/request"
)

// The states of a request, as state.json has them.
const (
	StatusOpen       = "Open"
	StatusInstalling = "Installing" // verified; being put into place
	StatusInstalled  = "Installed"
	StatusSuperseded = "Superseded" // a newer request for the same place was made
)

// State is requests/<id>/state.json: what was asked and how far it came.
type State struct {
	APIVersion    string    `json:"apiVersion"`
	Kind          string    `json:"kind"`
	Status        string    `json:"status"`
	ID            string    `json:"id"`
	Entry         string    `json:"entry"` // name in the inbox, without .csr
	Profile       string    `json:"profile"`
	Release       string    `json:"kubernetes"`
	Node          string    `json:"node,omitempty"`
	CommonName    string    `json:"commonName,omitempty"`
	Organizations []string  `json:"organizations,omitempty"`
	Names         []string  `json:"names,omitempty"`
	Files         Files     `json:"files"`
	KeyInPlace    bool      `json:"keyInPlace,omitempty"` // the key lay in its place before, and stays there
	Worker        bool      `json:"worker,omitempty"`     // the host gets the cluster's CA alone
	Said          string    `json:"said,omitempty"`       // what the outbox last said of it, unverified: Held, Denied
	Created       time.Time `json:"created"`
	Expires       time.Time `json:"expires"`
	Fingerprint   string    `json:"fingerprint,omitempty"` // of the installed certificate
	NotAfter      time.Time `json:"notAfter,omitzero"`
}

// Files are the places of what a request brings, below the component directory unless Root says otherwise.
type Files struct {
	Root        string `json:"root,omitempty"`
	Certificate string `json:"certificate,omitempty"`
	Key         string `json:"key,omitempty"`
	Kubeconfig  string `json:"kubeconfig,omitempty"`
	Server      string `json:"server,omitempty"`  // URL in the kubeconfig
	Cluster     string `json:"cluster,omitempty"` // its cluster's name
	Kubelet     string `json:"kubelet,omitempty"` // the kubelet's directory, where Certificate and Key or Combined lie below it
	Combined    string `json:"combined,omitempty"`
}

// Place is what tells requests for different things apart: where the result goes.
func (f Files) Place() string {
	if f.Kubeconfig != "" {
		return filepath.Join(f.Root, f.Kubeconfig)
	}
	return filepath.Join(f.Root, f.Certificate)
}

// pairRoot is the directory that Certificate and Key lie below; "" for the component directory.
func (f Files) pairRoot() string {
	if f.Kubelet != "" {
		return f.Kubelet
	}
	return f.Root
}

// Wish is what a person adds to an ask.
type Wish struct {
	KeyType    pki.KeyType
	Days       int
	Release    kube.Release
	Files      Files  // where the result goes
	Worker     bool   // the host runs no control plane
	KeyInPlace bool   // no new key: the one that lies in Files
	CSR        []byte // made by another program with that key, DER; nil to have one made
}

// Request makes a key and a request for an ask, durably and before anything is dropped. A second request for the same
// place supersedes the first, whose key is kept.
func (c *Component) Request(ask kube.Ask, w Wish) (State, error) {
	if c.Trust == "" {
		return State{}, ErrUnpinned
	}
	key, csr, err := c.keyAndCSR(ask, w)
	if err != nil {
		return State{}, err
	}
	now := c.Now().UTC().Truncate(time.Second)
	cover := &request.Cover{
		Profile: ask.Profile.Name, Requester: c.Name, Trust: c.Trust, Node: ask.Node, Days: w.Days,
		Created: now, Expires: now.Add(coverLife), Nonce: nonce(),
	}
	entry := request.Encode(cover, csr)
	// What the CA would refuse unread is told here, before a key lies around for it.
	parsed, refusals := request.Parse(entry, nil)
	if parsed == nil {
		return State{}, fmt.Errorf("%w: %s", ErrRefused, refusals[0].Code.Meaning())
	}
	s := State{
		APIVersion: refusal.APIVersion, Kind: "Request", Status: StatusOpen, ID: parsed.ID.String(), Entry: entryName(ask, parsed.ID),
		Profile: ask.Profile.Name, Release: w.Release.String(), Node: ask.Node, CommonName: ask.CommonName, Organizations: ask.Organizations,
		Names: ask.Names.Strings(), Files: w.Files, KeyInPlace: w.KeyInPlace, Worker: w.Worker, Created: cover.Created, Expires: cover.Expires,
	}
	signed, err := c.sign(entry)
	if err != nil {
		return State{}, err
	}
	lock, err := c.Lock()
	if err != nil {
		return State{}, err
	}
	defer lock.Release()
	if err := c.supersede(s.Files.Place()); err != nil {
		return State{}, err
	}
	return s, c.keep(s, key, signed)
}

// keyAndCSR makes the key, or reads the one in place, and the CSR that goes with it.
func (c *Component) keyAndCSR(ask kube.Ask, w Wish) (key crypto.Signer, csr []byte, err error) {
	if w.KeyInPlace {
		key, err = c.signerInPlace(w.Files)
	} else {
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

// keep writes a request's directory, the state last: a directory without one is an interrupted request, and means nothing.
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

func writeState(dir *durable.Dir, s State) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return dir.Replace(stateFile, append(b, '\n'), 0o600)
}

// request opens one request's directory.
func (c *Component) request(id string) (*durable.Dir, error) {
	requests, err := c.private.OpenDir(requestsDir)
	if err != nil {
		return nil, err
	}
	defer requests.Close()
	return requests.OpenDir(id)
}

func (c *Component) setStatus(s *State, status string) error {
	dir, err := c.request(s.ID)
	if err != nil {
		return err
	}
	defer dir.Close()
	s.Status = status
	return writeState(dir, *s)
}

func (c *Component) supersede(place string) error {
	all, err := c.Requests()
	if err != nil {
		return err
	}
	for _, s := range all {
		if s.Status == StatusOpen && s.Files.Place() == place {
			if err := c.setStatus(&s, StatusSuperseded); err != nil {
				return err
			}
		}
	}
	return nil
}

// Requests lists all requests, oldest first.
func (c *Component) Requests() ([]State, error) {
	requests, err := c.private.OpenDir(requestsDir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer requests.Close()
	var all []State
	for name, err := range requests.Names() {
		if err != nil {
			return nil, err
		}
		s, err := c.state(name.Name)
		if errors.Is(err, fs.ErrNotExist) {
			continue // interrupted before it was a request
		}
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b State) int {
		if d := a.Created.Compare(b.Created); d != 0 {
			return d
		}
		return strings.Compare(a.Entry, b.Entry)
	})
	return all, nil
}

func (c *Component) state(id string) (State, error) {
	dir, err := c.request(id)
	if err != nil {
		return State{}, err
	}
	defer dir.Close()
	b, _, err := dir.Read(stateFile, sizeLimit)
	if err != nil {
		return State{}, err
	}
	var s State
	if err := json.Unmarshal(b, &s); err != nil {
		return State{}, fmt.Errorf("reading %q: %w", filepath.Join(dir.Path(), stateFile), err)
	}
	return s, nil
}

// coverLife is how long a request stays answerable.
const coverLife = 180 * 24 * time.Hour

// nonce makes two requests for the same thing differ: 32 hex digits.
func nonce() string {
	b := make([]byte, 16)
	rand.Read(b) // never fails (crypto/rand)
	return hex.EncodeToString(b)
}

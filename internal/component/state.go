package component

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"time"

	"ca-exchange/internal/durable"
)

// The states of a request, as state.json has them.
const (
	StatusOpen       = "Open"
	StatusInstalling = "Installing" // verified; being put into place
	StatusInstalled  = "Installed"
	StatusReplaced   = "Replaced"   // it was installed; a newer certificate has its place
	StatusSuperseded = "Superseded" // a newer request for the same place was made
	StatusForgotten  = "Forgotten"  // a person does not want it any more
)

// State is requests/<id>/state.json: what was asked and how far it came.
type State struct {
	APIVersion    string    `json:"apiVersion"`
	Kind          string    `json:"kind"`
	Status        string    `json:"status"`
	ID            string    `json:"id"`
	Entry         string    `json:"entry"` // name in the inbox, without .csr
	Profile       string    `json:"profile"`
	Like          string    `json:"like,omitempty"`   // of a profile of the CA's own policy
	Issuer        string    `json:"issuer,omitempty"` // the same: who signs it
	Release       string    `json:"kubernetes"`
	Node          string    `json:"node,omitempty"`
	CommonName    string    `json:"commonName,omitempty"`
	Organizations []string  `json:"organizations,omitempty"`
	Names         []string  `json:"names,omitempty"`
	Files         Files     `json:"files"`
	KeyInPlace    bool      `json:"keyInPlace,omitempty"` // the key lay in its place before, and stays there
	Worker        bool      `json:"worker,omitempty"`     // the host gets the cluster's CA alone
	Former        []Former  `json:"former,omitempty"`     // earlier covers of the same CSR, the newest last
	Said          string    `json:"said,omitempty"`       // last word of the outbox, unverified: Held, Denied
	Asked         time.Time `json:"asked,omitzero"`       // when the entry last went into an inbox
	Created       time.Time `json:"created"`
	Expires       time.Time `json:"expires"`
	Verified      time.Time `json:"verified,omitzero"`     // when its certificate was
	Fingerprint   string    `json:"fingerprint,omitempty"` // of the installed certificate
	NotAfter      time.Time `json:"notAfter,omitzero"`
	Serial        string    `json:"serial,omitempty"`    // of the installed certificate, hex
	Replaces      string    `json:"replaces,omitempty"`  // fingerprint of the certificate that the cover wants replaced
	OldSerial     string    `json:"oldSerial,omitempty"` // of the certificate that was in place before
	Reason        string    `json:"reason,omitempty"`    // first, renewed or rekeyed
	Apply         *Apply    `json:"apply,omitempty"`     // how far the hooks are; nil for installations of version 1
}

// Apply is how far the hooks of an installed certificate are.
type Apply struct {
	State    string   `json:"state"`              // Pending, Done or None
	Hooks    []string `json:"hooks,omitempty"`    // those that have run
	Attempts int      `json:"attempts,omitempty"` // that failed
	Error    string   `json:"error,omitempty"`    // of the last one
}

// The states of Apply.
const (
	ApplyPending = "Pending"
	ApplyDone    = "Done"
	ApplyNone    = "None" // no hook names the profile: a person does what has to be done
)

// The reasons for running hooks, as CA_EXCHANGE_REASON gives them.
const (
	ReasonFirst   = "first"
	ReasonRenewed = "renewed" // with the key that was there
	ReasonRekeyed = "rekeyed" // with a new key
	ReasonIssuers = "issuers" // an issuer's certificate was put into place
	ReasonCRL     = "crl"     // an issuer's CRL was
)

// Former is a request whose cover another one has replaced: its answer is for the same key and as good.
type Former struct {
	ID    string `json:"id"`
	Entry string `json:"entry"`
}

// Files are the paths of the files that a request leads to, below the component directory unless Root is set or they
// are absolute. A kubeconfig may have its certificate and key beside it, as files of their own.
type Files struct {
	Root        string `json:"root,omitempty"`
	Certificate string `json:"certificate,omitempty"`
	Key         string `json:"key,omitempty"`
	Kubeconfig  string `json:"kubeconfig,omitempty"`
	Server      string `json:"server,omitempty"`   // URL in the kubeconfig
	Cluster     string `json:"cluster,omitempty"`  // its cluster's name
	Kubelet     string `json:"kubelet,omitempty"`  // the kubelet's directory, where pair or Combined lie below it
	Combined    string `json:"combined,omitempty"` // certificate and key in one file
	Issuers     string `json:"issuers,omitempty"`  // the issuers' directory, below Root or absolute; "" for pki
	PEM         bool   `json:"pem,omitempty"`      // the issuers' files are called ca.pem
}

// embedded reports whether the kubeconfig alone has the certificate and the key.
func (f Files) embedded() bool { return f.Certificate == "" }

// Place is the file that a request is for; two requests with one place compete.
func (f Files) Place() string {
	if f.embedded() {
		return joined(f.Root, f.Kubeconfig)
	}
	return joined(f.pairRoot(), f.Certificate)
}

// joined is a file below a root, unless it is absolute.
func joined(root, file string) string { return filepath.Join(rooted(root, file)) }

// pairRoot is the directory that Certificate and Key lie below; "" for the component directory.
func (f Files) pairRoot() string {
	if f.Kubelet != "" {
		return f.Kubelet
	}
	return f.Root
}

// paths are all files of a result, absolute where their root is.
func (f Files) paths() (all []string) {
	for _, p := range []place{
		{root: f.pairRoot(), file: f.Certificate}, {root: f.pairRoot(), file: f.Key},
		{root: f.Root, file: f.Kubeconfig}, {root: f.Kubelet, file: f.Combined},
	} {
		if p.file != "" {
			all = append(all, joined(p.root, p.file))
		}
	}
	return all
}

// replaced are the installed certificates whose place a newer one has.
func replaced(states []State) (all []State) {
	newest := map[string]State{}
	for _, s := range states {
		if s.Status != StatusInstalled {
			continue
		}
		older, ok := newest[s.Files.Place()]
		if ok && older.after(s) {
			older, s = s, older
		}
		if ok {
			all = append(all, older)
		}
		newest[s.Files.Place()] = s
	}
	return all
}

// after reports whether a certificate came into its place after another one. Times are whole seconds: within one, the
// serial that it found there says it.
func (s State) after(other State) bool {
	if s.Verified.Equal(other.Verified) {
		return s.OldSerial != "" && s.OldSerial == other.Serial
	}
	return s.Verified.After(other.Verified)
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
		return cmp.Or(a.Created.Compare(b.Created), cmp.Compare(a.Entry, b.Entry))
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

// request opens one request's directory.
func (c *Component) request(id string) (*durable.Dir, error) {
	requests, err := c.private.OpenDir(requestsDir)
	if err != nil {
		return nil, err
	}
	defer requests.Close()
	return requests.OpenDir(id)
}

// save writes a request's state, durably.
func (c *Component) save(s State) error {
	dir, err := c.request(s.ID)
	if err != nil {
		return err
	}
	defer dir.Close()
	return writeState(dir, s)
}

func writeState(dir *durable.Dir, s State) error {
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encoding %s: %w", stateFile, err)
	}
	return dir.Replace(stateFile, append(b, '\n'), 0o600)
}

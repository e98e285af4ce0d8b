package component

import (
	"errors"
	"io/fs"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
)

// tidy clears away what killed processes left, on both sides of the exchange: temporaries and requests that never were
// any, some with a key in them; answers that were installed and came again because the CA was killed, too; entries and
// answers of requests that nobody waits for any more.
func (c *Component) tidy(x *inbox.Exchange, states []State) {
	errs := []error{c.sweep(c.private), c.tidyRequests()}
	former := formerOf(states)
	for _, s := range states {
		errs = append(errs, c.tidyState(x, s))
		// The answer of a former cover is still good for the request that has its key now.
		if s.Status != StatusOpen && s.Status != StatusInstalling && !former[s.ID] {
			removeAnswers(x, s)
		}
		for _, p := range s.Files.swept() {
			errs = append(errs, c.sweepBeside(p))
		}
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.Log.Warn("removing what a stopped process left", "error", err)
		}
	}
}

// formerOf are the ids of earlier covers of requests that are still open.
func formerOf(states []State) map[string]bool {
	former := map[string]bool{}
	for _, s := range states {
		if s.Status != StatusOpen && s.Status != StatusInstalling {
			continue
		}
		for _, f := range s.Former {
			former[f.ID] = true
		}
	}
	return former
}

// tidyState takes the entry of a request that nobody waits for out of the inbox, and removes a key that has its home
// elsewhere by now, or whose answer will never be taken.
func (c *Component) tidyState(x *inbox.Exchange, s State) error {
	if s.Status == StatusOpen || s.Status == StatusInstalling {
		return nil
	}
	// Nothing can be withdrawn from a medium that goes one way.
	if err := c.withdraw(x, s); err != nil && !errors.Is(err, inbox.ErrReadOnly) {
		return err
	}
	dir, err := c.request(s.ID)
	if err != nil {
		return err
	}
	defer dir.Close()
	return removeKey(s, dir)
}

// swept are the files of a result and of the issuers beside it.
func (f Files) swept() []place {
	places := []place{
		{root: f.pairRoot(), file: f.Certificate},
		{root: f.Root, file: f.Kubeconfig},
		{root: f.Kubelet, file: f.Combined},
	}
	for _, i := range kube.Issuers() {
		root, file := f.issuer(i.Certificate)
		places = append(places, place{root: root, file: file})
	}
	return places
}

func (c *Component) sweep(dir *durable.Dir) error { return dir.Sweep(c.Now(), inbox.SweepAge) }

// sweepBeside sweeps the directory that a file lies in.
func (c *Component) sweepBeside(p place) error {
	if p.file == "" {
		return nil
	}
	p.root, p.file = rooted(p.root, p.file)
	root, err := c.below(p.root)
	if err != nil {
		return err
	}
	defer root.Close()
	dir, _, err := root.OpenParent(p.file)
	if err != nil {
		return err
	}
	defer dir.Close()
	return c.sweep(dir)
}

// tidyRequests sweeps each request's directory, and removes those that never became requests.
func (c *Component) tidyRequests() error {
	requests, err := c.private.OpenDir(requestsDir)
	if err != nil {
		return err
	}
	defer requests.Close()
	errs := []error{c.sweep(requests)}
	for name, err := range requests.Names() {
		if err != nil {
			return errors.Join(append(errs, err)...)
		}
		if !durable.IsTemporary(name.Name) {
			errs = append(errs, c.tidyRequest(requests, name.Name))
		}
	}
	return errors.Join(errs...)
}

func (c *Component) tidyRequest(requests *durable.Dir, id string) error {
	dir, err := requests.OpenDir(id)
	if err != nil {
		return err
	}
	defer dir.Close()
	if err := c.sweep(dir); err != nil {
		return err
	}
	s, err := dir.Self()
	if err != nil {
		return err
	}
	_, err = dir.Stat(stateFile)
	if !errors.Is(err, fs.ErrNotExist) || c.Now().Sub(s.Changed) <= inbox.SweepAge {
		return err
	}
	for _, file := range []string{keyFile, requestFile} {
		if err := existing(dir.Remove(file)); err != nil {
			return err
		}
	}
	return requests.RemoveDir(id)
}

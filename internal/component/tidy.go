package component

import (
	"errors"
	"io/fs"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
)

// tidy clears away what killed processes left, on both sides of the exchange: temporaries and requests that never were
// any, some with a key in them, and answers that were installed and came again because the CA was killed, too.
func (c *Component) tidy(x *inbox.Exchange, states []State) {
	errs := []error{c.sweep(c.private), c.tidyRequests()}
	for _, s := range states {
		if s.Status == StatusInstalled {
			removeAnswer(x, s)
		}
		f := s.Files
		places := []place{{root: f.pairRoot(), file: f.Certificate}, {root: f.Root, file: f.Kubeconfig}, {root: f.Kubelet, file: f.Combined}}
		for _, i := range kube.Issuers() {
			places = append(places, place{root: f.Root, file: "pki/" + i.Certificate})
		}
		for _, p := range places {
			if p.file != "" {
				errs = append(errs, c.sweepBeside(p))
			}
		}
	}
	for _, err := range errs {
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			c.Log.Warn("removing what a stopped process left", "error", err)
		}
	}
}

// removeAnswer takes an installed answer out of the outbox; where that is read-only it stays, which harms nothing.
func removeAnswer(x *inbox.Exchange, s State) {
	for _, name := range s.answerNames() {
		x.RemoveAnswer("", name+inbox.CertificateSuffix)
	}
}

func (c *Component) sweep(dir *durable.Dir) error { return dir.Sweep(c.Now(), inbox.SweepAge) }

// sweepBeside sweeps the directory that a file lies in.
func (c *Component) sweepBeside(p place) error {
	return c.below(p.root, func(root *durable.Dir) error {
		dir, _, err := walk(root, p.file, false)
		if err != nil {
			return err
		}
		defer closeBelow(root, dir)
		return c.sweep(dir)
	})
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
	if _, stateErr := dir.Stat(stateFile); err != nil || !errors.Is(stateErr, fs.ErrNotExist) || c.Now().Sub(s.Changed) <= inbox.SweepAge {
		return err
	}
	for _, file := range []string{keyFile, requestFile} {
		if err := dir.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return requests.RemoveDir(id)
}

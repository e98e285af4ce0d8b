package main

import (
	"errors"
	"fmt"
	"io/fs"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/kube"
)

type kubeconfigCommand struct {
	Profile string `arg:"" help:"The profile whose kubeconfig it is: kube-scheduler, admin, …"`
	Server  string `required:"" placeholder:"URL" help:"The API server, as https://HOST:PORT."`
}

// Validate holds the flag against what a client of Kubernetes takes.
func (k *kubeconfigCommand) Validate() error { return checkServer(k.Server) }

func (k *kubeconfigCommand) Run(a *app) error {
	profile, ok := kube.Find(kube.Latest(), k.Profile)
	if !ok {
		return noProfile(kube.Latest(), k.Profile)
	}
	if profile.Kubeconfig == "" {
		return cli.WithStatus(cli.Usage, fmt.Errorf("profile %q has no kubeconfig", k.Profile))
	}
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	layout := configFlags{}.layout(kube.DefaultConfig(), a.dir, c)
	file, err := c.SetServer(profile, layout, k.Server)
	if errors.Is(err, fs.ErrNotExist) {
		return cli.Hint(err, "ask for it first: component-admin request "+k.Profile)
	}
	if err != nil {
		return err
	}
	a.Say("%s now points at %s", file, k.Server)
	return nil
}

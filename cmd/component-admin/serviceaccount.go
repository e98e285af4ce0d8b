package main

import (
	"errors"
	"os"
	"path/filepath"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// serviceAccount puts the key pair in place that a control plane needs beside its certificates: the one given, or on
// the cluster's first host a new one. A host that joins gets none of its own: the others would refuse its tokens.
func (r *requestCommand) serviceAccount(
	a *app, c *component.Component, config kube.Config, layout component.Layout, kind pki.KeyType,
) error {
	if r.waitsForServiceAccount(config, a.dir, layout) {
		return nil
	}
	var given []byte
	if r.SAKey != "" {
		var err error
		if given, err = os.ReadFile(r.SAKey); err != nil {
			return err
		}
	}
	made, err := c.ServiceAccount(layout, given, kind)
	if errors.Is(err, component.ErrServiceAccount) {
		return cli.Hint(err, "tokens signed by one key are invalid to the other: "+
			"remove the key in place only if this host was never part of the cluster")
	}
	if err != nil || !made {
		return err
	}
	key := layout.Path(a.dir, kube.ServiceAccountKey)
	a.Say("made the service account key pair %s, %s", key, layout.Path(a.dir, kube.ServiceAccountPublic))
	a.Say("every further control plane needs this same key; with a copy of it, brought there out of band: "+
		"component-admin request control-plane --sa-key %s --config join.yaml --config kubeadm.yaml",
		filepath.Base(key))
	return nil
}

// waitsForServiceAccount reports whether this host joins a cluster and lacks that cluster's key.
func (r *requestCommand) waitsForServiceAccount(config kube.Config, dir string, layout component.Layout) bool {
	return config.HasJoin && r.SAKey == "" && !exists(layout.Path(dir, kube.ServiceAccountKey), "")
}

// remindOfServiceAccount ends a request for a control plane that joins: kubeadm join will not go on without the key.
func (r *requestCommand) remindOfServiceAccount(a *app, layout component.Layout) {
	key := layout.Path(a.dir, kube.ServiceAccountKey)
	a.Warn("%s is missing: a control plane that joins needs the first one's", key)
	a.Hint("copy it here out of band, with mode 0600, and its public half: %s",
		component.Command("openssl", "pkey", "-in", key, "-pubout", "-out",
			layout.Path(a.dir, kube.ServiceAccountPublic)))
}

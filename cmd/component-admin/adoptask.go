package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// adopt is what one found key asks for: what kubeadm wrote; else what the configuration says now, where there is one,
// or what the certificate says that is in place.
func (r *requestCommand) adopt(config kube.Config, f component.Found, node string, extra pki.Names) (kube.Ask, error) {
	if f.Ask != nil {
		ask := *f.Ask
		if ask.Profile.Names == pki.RequiredNames {
			ask.Names = ask.Names.Merge(extra)
		}
		ask.Server = r.adoptedServer(ask, f)
		return ask, nil
	}
	if f.Profile.HasNode() {
		if node == "" {
			err := fmt.Errorf("cannot determine the node of %s: no file on this host names one", f.Files.Place())
			return kube.Ask{}, cli.WithStatus(cli.Usage, err, "--node NAME")
		}
		if err := kube.CheckNode(node); err != nil {
			return kube.Ask{}, cli.WithStatus(cli.Usage, err)
		}
	}
	if f.Profile.Issuer == kube.EtcdIssuer && len(r.Profiles) == 0 {
		extra = pki.Names{} // a host's further names are the API server's and the kubelet's
	}
	ask := config.Ask(f.Profile, node, extra)
	switch {
	case f.CSR != nil:
		ask.Names = f.CSR.Names
		if err := r.checkSubject(config, f, ask); err != nil {
			return ask, err
		}
	case f.Certificate != nil && len(r.Config) == 0 && f.Profile.Names != pki.NoNames:
		ask.Names = pki.NamesOf(f.Certificate).Merge(extra)
		if f.Profile.Names == pki.RequiredNames && ask.Names.Len() == 0 {
			err := fmt.Errorf("the certificate in %s has no names to ask for again", f.Files.Place())
			return ask, cli.WithStatus(cli.Usage, err, "give kubeadm's configuration: --config FILE",
				"or --dns NAME, --ip ADDRESS")
		}
		if f.Profile.HasNode() { // one made by hand may name addresses alone, and nobody knows whose it is
			ask.Names = ask.Names.Merge(pki.Names{DNS: []string{node}})
		}
	}
	ask.Server = r.adoptedServer(ask, f)
	return ask, nil
}

// adoptedServer is the server of an adopted kubeconfig: a flag's, the configuration's, or the one it has.
func (r *requestCommand) adoptedServer(ask kube.Ask, f component.Found) string {
	switch {
	case r.Server != "" && f.Profile.Server == kube.EndpointServer:
		return r.Server
	case ask.Server == "" || f.CSR != nil || len(r.Config) == 0:
		return f.Files.Server
	}
	return ask.Server
}

// checkSubject finds a wrong release before the CA does.
func (r *requestCommand) checkSubject(config kube.Config, f component.Found, ask kube.Ask) error {
	subject := f.CSR.Subject
	have, want := slices.Sorted(slices.Values(subject.Organizations())), slices.Sorted(slices.Values(ask.Organizations))
	if subject.CommonName() == ask.CommonName && slices.Equal(have, want) {
		return nil
	}
	wanted := "CN=" + ask.CommonName
	for _, o := range ask.Organizations {
		wanted += ", O=" + o
	}
	err := fmt.Errorf("kubeadm's request for %s has the subject %s; in Kubernetes %s it is %s",
		f.Profile.Name, subject, config.Release, wanted)
	return cli.WithStatus(cli.Usage, err, "--kubernetes RELEASE: the cluster's own",
		"--node NAME, where the node is another")
}

func exists(dir, file string) bool {
	_, err := os.Stat(filepath.Join(dir, file))
	return err == nil
}

func list(words []string) string { return strings.Join(words, ", ") }

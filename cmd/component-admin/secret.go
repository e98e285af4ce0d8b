package main

import (
	"cmp"
	"encoding/base64"
	"errors"
	"fmt"
	"path/filepath"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
)

// placeFlags say where a result goes that does not go where kubeadm looks, or into a cluster.
type placeFlags struct {
	Out           string `placeholder:"FILE" help:"Certificate (pki/NAME.crt), or a user's kubeconfig."`
	KeyOut        string `placeholder:"FILE" help:"Its key (beside the certificate, .key)."`
	KubeconfigOut string `placeholder:"FILE" help:"Kubeconfig of a profile that has one, such as admin (admin.conf)."`
	Secret        string `placeholder:"NAME" help:"Print it as a Secret for kubectl apply, once it is installed."`
	Namespace     string `placeholder:"NAMESPACE" help:"Namespace of the secret."`
}

// validatePlaces holds the flags against each other.
func (r *requestCommand) validatePlaces() error {
	for flag, file := range map[string]string{
		"--out": r.Out, "--key-out": r.KeyOut, "--kubeconfig-out": r.KubeconfigOut,
	} {
		if err := localPath(flag, file); err != nil {
			return err
		}
	}
	switch one := len(r.asked()) == 1 && !isSet(r.asked()[0]) && !r.adopts(); {
	case !one && r.Out+r.KeyOut+r.KubeconfigOut+r.Secret != "":
		return errors.New("--out, --key-out, --kubeconfig-out and --secret go with one profile")
	case r.Secret == "" && r.Namespace != "":
		return errors.New("--namespace goes with --secret")
	case r.Secret != "" && r.Wait == 0:
		return errors.New("--secret goes with --wait: the secret is printed once the answer is installed")
	case r.Secret != "":
		return kube.Secret{Name: r.Secret, Namespace: r.Namespace}.Check()
	}
	return nil
}

// localPath wants a path below the component directory, where a flag is given.
func localPath(flag, file string) error {
	if file != "" && !filepath.IsLocal(file) {
		return fmt.Errorf("%s is a path below the component directory", flag)
	}
	return nil
}

func slashed(file string) string {
	if file == "" {
		return ""
	}
	return filepath.ToSlash(filepath.Clean(file))
}

// writesKubeconfig reports whether a profile's result goes into a kubeconfig, alone or beside its pair.
func (f placeFlags) writesKubeconfig(p kube.Profile, layout component.Layout) bool {
	pairAlone := f.Out != "" && f.KeyOut != "" && f.KubeconfigOut == ""
	return !pairAlone && layout.Files(p).Kubeconfig != ""
}

// place puts a result where the flags say.
func (f placeFlags) place(p kube.Profile, files component.Files, layout component.Layout) (component.Files, error) {
	switch {
	case p.Kubeconfig != "" && f.Out != "" && f.Secret == "" && f.KeyOut+f.KubeconfigOut != "":
		files.Combined, files.Kubelet = "", "" // files of their own: with a kubeconfig only if it is named, too
		files.Certificate, files.Kubeconfig = slashed(f.Out), slashed(f.KubeconfigOut)
		files.Key = cmp.Or(slashed(f.KeyOut), layout.KeyBeside(files.Certificate))
	case p.Kubeconfig != "" && f.KeyOut+f.Secret != "":
		return files, cli.WithStatus(cli.Usage, fmt.Errorf("profile %s is a kubeconfig: --kubeconfig-out FILE", p.Name))
	case p.Kubeconfig == "" && f.KubeconfigOut != "":
		return files, cli.WithStatus(cli.Usage, fmt.Errorf("profile %s has no kubeconfig: --out FILE", p.Name))
	case p.Kubeconfig != "":
		files.Kubeconfig = cmp.Or(slashed(f.KubeconfigOut), slashed(f.Out), files.Kubeconfig)
		return files, nil
	case f.Out != "":
		files = component.Files{Issuers: layout.Certificates, PEM: layout.PEM, Certificate: slashed(f.Out)}
		files.Key = layout.KeyBeside(files.Certificate)
	}
	if files.Key = cmp.Or(slashed(f.KeyOut), files.Key); files.Key == files.Certificate {
		return files, cli.WithStatus(cli.Usage, fmt.Errorf("key and certificate would be one file: %s", files.Key))
	}
	return files, nil
}

// printSecret prints what was installed as a manifest.
func (r *requestCommand) printSecret(a *app, c *component.Component, files component.Files) error {
	s, err := c.Secret(files.Place())
	if errors.Is(err, component.ErrNotInstalled) {
		return cli.WithStatus(cli.Unanswered, err, "once `component-admin sync` has installed it: "+
			"kubectl create secret tls "+r.Secret+" --cert "+cli.Word(files.Certificate)+" --key "+cli.Word(files.Key))
	}
	if err != nil {
		return a.explain(err)
	}
	s.Name, s.Namespace = r.Secret, r.Namespace
	_, err = a.Out.Write(s.Encode())
	return err
}

// printBundle prints the pinned issuer ca as a webhook's caBundle: PEM in base64, one line.
func (a *app) printBundle(c *component.Component) error {
	if a.JSON {
		return cli.WithStatus(cli.Usage, errors.New("--ca-bundle prints one line of base64: leave -o json out"))
	}
	trust, err := c.Issuers()
	if err != nil {
		return a.explain(err)
	}
	authority, ok := trust.Authority(kube.ClusterIssuer)
	if !ok {
		return fmt.Errorf("the pinned trust has no issuer %q", kube.ClusterIssuer)
	}
	a.Print("%s", base64.StdEncoding.EncodeToString(authority.Anchor()))
	return nil
}

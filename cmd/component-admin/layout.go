package main

import (
	"cmp"
	"errors"
	"path/filepath"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/kube"
)

// layout is where the files of a host with the component directory dir are: as kubeadm has them, unless c, which is nil
// where none is set up, is configured otherwise.
func (f configFlags) layout(config kube.Config, dir string, c *component.Component) component.Layout {
	certificates := component.CertificatesBelow(dir, cmp.Or(f.CertDir, config.CertificatesDir))
	l := component.Layout{Certificates: certificates, Kubelet: f.kubeletDir(dir)}
	if c == nil {
		return l
	}
	l.PEM, l.Paths = c.Config.Layout == component.LayoutPEM, c.Config.Paths.Below(c.Path())
	if l.PEM && l.Certificates == "" {
		l.Certificates = "." // such a cluster keeps all in one directory
	}
	return l
}

// kubeletDir is where the kubelet's own files go.
func (f configFlags) kubeletDir(dir string) string {
	switch {
	case f.KubeletDir != "":
		return f.KubeletDir
	case filepath.Clean(dir) == "/etc/kubernetes":
		return "/var/lib/kubelet"
	}
	return filepath.Join(dir, "kubelet")
}

// places is the layout of what this request brings, without links: where one cannot be followed, nothing is asked.
func (r *requestCommand) places(
	config kube.Config, dir string, c *component.Component,
) (component.Layout, error) {
	layout := r.layout(config, dir, c)
	if r.FromKubeadm != "" {
		layout = r.written(config, dir)
	}
	layout, err := layout.Resolve(dir)
	if errors.Is(err, component.ErrDirectory) {
		err = cli.WithStatus(cli.Usage, err, "correct it, or name another directory: --cert-dir DIR")
	}
	return layout, err
}

// written is where kubeadm certs generate-csr wrote.
func (r *requestCommand) written(c kube.Config, dir string) component.Layout {
	layout := component.Layout{Root: r.FromKubeadm}
	if layout.Root == filepath.Clean(dir) {
		layout.Root = "" // its files are the component directory's own
	}
	layout.Certificates = component.CertificatesBelow(r.FromKubeadm, cmp.Or(r.CertDir, c.CertificatesDir))
	// kubeadm's --cert-dir, which our hints name, has the last word over its configuration.
	if !filepath.IsAbs(layout.Certificates) && !exists(r.FromKubeadm, layout.Certificates) {
		layout.Certificates = ""
	}
	return layout
}

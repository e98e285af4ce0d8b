package component

import (
	"path/filepath"
	"strings"

	"ca-exchange/internal/kube"
)

// kubeadmRoot is the directory that the component directory stands for on a real host.
const kubeadmRoot = "/etc/kubernetes"

// Layout is where a host keeps its files: as kubeadm does, unless its configuration names another directory for
// certificates.
type Layout struct {
	Root         string // kubeconfigs, and Certificates unless that is absolute; "" for the component directory
	Certificates string // certificates, keys and issuers: below Root, or absolute; "" for pki
	Kubelet      string // the kubelet's directory
}

// CertificatesBelow is a layout's Certificates for kubeadm's certificatesDir. Below root, an absolute path, or below
// /etc/kubernetes, which root may stand for, it is relative; anywhere else it is the directory itself.
func CertificatesBelow(root, certificatesDir string) string {
	if certificatesDir == "" {
		return ""
	}
	for _, base := range []string{root, kubeadmRoot} {
		below, err := filepath.Rel(base, certificatesDir)
		if err == nil && filepath.IsLocal(below) {
			if below == pkiDir {
				return ""
			}
			return below
		}
	}
	return filepath.Clean(certificatesDir)
}

// pkiDir is kubeadm's directory of certificates, the first part of the paths in package kube.
const pkiDir = "pki"

// at is the place of a file that package kube puts below the component directory: pki/ stands for Certificates.
func (l Layout) at(file string) (root, path string) {
	below, certificates := strings.CutPrefix(file, pkiDir+"/")
	if !certificates {
		return l.Root, file
	}
	return Files{Root: l.Root, Issuers: l.Certificates}.issuer(below)
}

// Path is the path of such a file, below the component directory dir unless the layout is elsewhere.
func (l Layout) Path(dir, file string) string {
	root, below := l.at(file)
	if filepath.IsAbs(root) {
		return filepath.Join(root, below)
	}
	return filepath.Join(dir, root, below)
}

// Files are the places of what a request for a profile brings.
func (l Layout) Files(p kube.Profile) Files {
	f := Files{Root: l.Root, Certificate: p.Certificate, Key: p.Key, Issuers: l.Certificates}
	switch {
	case p.Kubeconfig != "":
		f.Certificate, f.Key, f.Kubeconfig, f.Combined = "", "", p.Kubeconfig, p.Combined
	case !p.InKubelet:
		_, f.Certificate = l.at(p.Certificate)
		f.Root, f.Key = l.at(p.Key)
		if f.Root != l.Root {
			f.Issuers = "."
		}
	}
	if p.InKubelet || p.Combined != "" {
		f.Kubelet = l.Kubelet
	}
	return f
}

// issuer is the place of an issuer's certificate beside a request's result.
func (f Files) issuer(file string) (root, path string) {
	switch {
	case f.Issuers == "":
		return f.Root, pkiDir + "/" + file
	case filepath.IsAbs(f.Issuers):
		return f.Issuers, file
	}
	return f.Root, filepath.ToSlash(filepath.Join(f.Issuers, file))
}

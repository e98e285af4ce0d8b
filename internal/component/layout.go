package component

import (
	"path/filepath"
	"strings"

	"ca-exchange/internal/kube"
)

// kubeadmRoot is the directory that the component directory stands for on a real host.
const kubeadmRoot = "/etc/kubernetes"

// Layout is where a host keeps its files: as kubeadm does, unless a configuration says otherwise.
type Layout struct {
	Root         string  // kubeconfigs, and Certificates unless that is absolute; "" for the component directory
	Certificates string  // certificates, keys and issuers: below Root, or absolute; "" for pki
	Kubelet      string  // the kubelet's directory
	PEM          bool    // files are called as kube.PEMPlace says, and the kubelet's are beside the others
	Paths        PathMap // profiles whose files are elsewhere
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
	if l.PEM {
		file = kube.PEMPlace(file)
	}
	below, certificates := strings.CutPrefix(file, pkiDir+"/")
	if !certificates {
		return l.Root, file
	}
	return amongCertificates(l.Root, l.Certificates, below)
}

// KeyBeside is the key's file where only the certificate's is named.
func (l Layout) KeyBeside(certificate string) string {
	name := strings.TrimSuffix(certificate, filepath.Ext(certificate))
	if l.PEM && filepath.Ext(certificate) != ".crt" {
		return name + "-key.pem"
	}
	return name + ".key"
}

// amongCertificates is the place of a file in a directory of certificates: below root, or absolute; "" for pki.
func amongCertificates(root, dir, file string) (string, string) {
	switch {
	case dir == "":
		return root, pkiDir + "/" + file
	case filepath.IsAbs(dir):
		return dir, file
	}
	return root, filepath.ToSlash(filepath.Join(dir, file))
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
	f := Files{Root: l.Root, Issuers: l.Certificates, PEM: l.PEM}
	own, elsewhere := l.Paths[p.Name]
	switch {
	case elsewhere:
		f.Certificate, f.Key, f.Kubeconfig = own.Certificate, own.Key, own.Kubeconfig
	case p.Kubeconfig != "":
		_, f.Kubeconfig = l.at(p.Kubeconfig)
	case p.InKubelet && !l.PEM:
		f.Certificate, f.Key, f.Kubelet = p.Certificate, p.Key, l.Kubelet
	default:
		_, f.Certificate = l.at(p.Certificate)
		f.Root, f.Key = l.at(p.Key)
		if f.Root != l.Root {
			f.Issuers = "."
		}
	}
	if p.Combined != "" && !l.PEM && f.Certificate == "" {
		f.Combined, f.Kubelet = p.Combined, l.Kubelet
	}
	return f
}

// issuer is the place of an issuer's certificate beside a request's result; file is the one of package kube.
func (f Files) issuer(file string) (root, path string) {
	if f.PEM {
		file = strings.TrimPrefix(kube.PEMPlace(pkiDir+"/"+file), pkiDir+"/")
	}
	return amongCertificates(f.Root, f.Issuers, file)
}

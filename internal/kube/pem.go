package kube

import (
	"path"
	"slices"
	"strings"
)

// PEMPlace is what a file of kubeadm's is called in a cluster that was made by hand or with cfssl: a certificate is
// NAME.pem and its key NAME-key.pem, a kubeconfig is NAME.kubeconfig, all in one directory. NAME is the profile's, the
// issuer's, or that of another component.
func PEMPlace(file string) string {
	switch file {
	case ServiceAccountKey:
		return "pki/service-account-key.pem"
	case ServiceAccountPublic:
		return "pki/service-account.pem"
	}
	for _, i := range Issuers() {
		own := []string{"pki/" + i.Certificate, "pki/" + i.Key, "pki/" + i.CRL()}
		if slices.Contains(own, file) {
			return "pki/" + i.Name + pemSuffix(file)
		}
	}
	for _, p := range Profiles(Latest()) {
		switch file {
		case p.Certificate, p.Key:
			return "pki/" + p.Name + pemSuffix(file)
		case p.Kubeconfig:
			return p.Name + pemSuffix(file)
		}
	}
	return strings.TrimSuffix(file, path.Ext(file)) + pemSuffix(file)
}

func pemSuffix(file string) string {
	switch path.Ext(file) {
	case ".key":
		return "-key.pem"
	case ".conf":
		return ".kubeconfig"
	case ".crl":
		return ".crl"
	}
	return ".pem"
}

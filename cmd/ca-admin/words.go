package main

import (
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// Words are what shells complete for values of a name; the profiles are Kubernetes' own, without those of a policy.
func (*commands) Words() map[string][]string {
	var profiles []string
	for _, p := range kube.Profiles(kube.Latest()) {
		profiles = append(profiles, p.Name)
	}
	return map[string][]string{
		"profile":  profiles,
		"key-type": strings.Split(pki.KeyTypeNames(pki.KubernetesKeyTypes()), ", "),
		"reason":   pki.ReasonNames(),
		"issuer":   {"ca", "etcd-ca", "front-proxy-ca"},
	}
}

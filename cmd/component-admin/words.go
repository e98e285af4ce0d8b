package main

import (
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// Words are what shells complete for values of a name.
func (*commands) Words() map[string][]string {
	profiles := profileNames(kube.Latest())
	return map[string][]string{
		"profile":         profiles,
		"request profile": append([]string{controlPlane, worker, etcdMember}, profiles...),
		"key-type":        strings.Split(pki.KeyTypeNames(pki.GenericKeyTypes()), ", "),
		"issuer":          {"ca", "etcd-ca", "front-proxy-ca"},
	}
}

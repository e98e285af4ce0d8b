package kube

import (
	"fmt"
	"strings"
)

// ParseConfig reads kubeadm's configuration files, each of one or more YAML documents, together. Documents of
// other API groups and unknown fields are ignored: they are kubeadm's to judge. A wrong type, a value that could
// not stand in a certificate, and a second document of a kind are errors; they name the line.
//
// A host that joins is often described by its own file and the first host's, which has the cluster's part: where
// there is a JoinConfiguration, nothing of an InitConfiguration counts, whichever came first.
func ParseConfig(files ...[]byte) (Config, error) {
	c := DefaultConfig()
	for i, file := range files {
		if err := c.addFile(file); err != nil {
			if len(files) > 1 {
				return Config{}, fmt.Errorf("reading kubeadm configuration, file %d of %d: %w", i+1, len(files), err)
			}
			return Config{}, fmt.Errorf("reading kubeadm configuration: %w", err)
		}
	}
	return c, nil
}

func (c *Config) addFile(file []byte) error {
	bodies, err := documents(file)
	if err != nil {
		return err
	}
	for _, body := range bodies {
		var meta typeMeta
		if err := decode(body, &meta); err != nil {
			return err
		}
		group, version, _ := strings.Cut(meta.APIVersion.value, "/")
		if group != "kubeadm.k8s.io" {
			continue
		}
		if version != "v1beta3" && version != "v1beta4" {
			return meta.APIVersion.errorf(
				"%s is not supported: use v1beta3 or v1beta4 (kubeadm config migrate converts it)", version)
		}
		if err := c.addDocument(meta.Kind, func(v any) error { return decode(body, v) }); err != nil {
			return err
		}
	}
	return nil
}

func (c *Config) addDocument(kind text, decode func(any) error) error {
	seen := map[string]*bool{
		"ClusterConfiguration": &c.HasCluster, "InitConfiguration": &c.HasInit, "JoinConfiguration": &c.HasJoin,
	}[kind.value]
	if seen == nil {
		return nil
	}
	if *seen {
		return kind.errorf("a second %s: give one", kind.value)
	}
	*seen = true
	if kind.value == "ClusterConfiguration" {
		var d clusterDocument
		if err := decode(&d); err != nil {
			return err
		}
		return c.addCluster(d)
	}
	var d hostDocument
	if err := decode(&d); err != nil {
		return err
	}
	switch {
	case kind.value == "JoinConfiguration":
		return c.addJoining(d)
	case c.HasJoin: // another host's: it is checked and dropped, or else this host would ask for the other's address
		other := *c
		return other.addHost(d)
	}
	return c.addHost(d)
}

package kube

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"regexp"
	"strconv"
)

// Kubeconfig is a client's file as kubeadm writes it: one cluster, one user, one context, everything embedded.
// CA, Certificate and Key are PEM.
type Kubeconfig struct {
	Cluster, Server, User string
	CA, Certificate, Key  []byte
}

// kubeconfigFile is what is read of a kubeconfig; everything else in it is ignored.
type kubeconfigFile struct {
	APIVersion     string         `yaml:"apiVersion"`
	Clusters       []namedCluster `yaml:"clusters"`
	Contexts       []namedContext `yaml:"contexts"`
	CurrentContext string         `yaml:"current-context"`
	Kind           string         `yaml:"kind"`
	Users          []namedUser    `yaml:"users"`
}

type namedCluster struct {
	Cluster struct {
		CA     string `yaml:"certificate-authority-data,omitempty"`
		Server string `yaml:"server"`
	} `yaml:"cluster"`
	Name string `yaml:"name"`
}

type namedContext struct {
	Context struct {
		Cluster string `yaml:"cluster"`
		User    string `yaml:"user"`
	} `yaml:"context"`
	Name string `yaml:"name"`
}

type namedUser struct {
	Name string `yaml:"name"`
	User struct {
		Certificate string `yaml:"client-certificate-data,omitempty"`
		Key         string `yaml:"client-key-data,omitempty"`
	} `yaml:"user"`
}

// Encode writes the file byte for byte as kubeadm does: keys in alphabetical order, the context named USER@CLUSTER.
func (k Kubeconfig) Encode() []byte {
	var b bytes.Buffer
	context := k.User + "@" + k.Cluster
	b.WriteString("apiVersion: v1\nclusters:\n- cluster:\n")
	writeData(&b, "certificate-authority-data", k.CA)
	fmt.Fprintf(&b, "    server: %s\n  name: %s\n", scalar(k.Server), scalar(k.Cluster))
	fmt.Fprintf(&b, "contexts:\n- context:\n    cluster: %s\n    user: %s\n", scalar(k.Cluster), scalar(k.User))
	fmt.Fprintf(&b, "  name: %s\ncurrent-context: %[1]s\nkind: Config\n", scalar(context))
	fmt.Fprintf(&b, "users:\n- name: %s\n  user:\n", scalar(k.User))
	writeData(&b, "client-certificate-data", k.Certificate)
	writeData(&b, "client-key-data", k.Key)
	return b.Bytes()
}

func writeData(b *bytes.Buffer, field string, pem []byte) {
	if len(pem) > 0 {
		fmt.Fprintf(b, "    %s: %s\n", field, scalar(base64.StdEncoding.EncodeToString(pem)))
	}
}

// plain are strings that YAML reads as themselves without quotes, but for the words it takes for something else.
var (
	plain    = regexp.MustCompile(`^[A-Za-z]([-A-Za-z0-9+/=:.@_\[\]]*[-A-Za-z0-9+/=.@_\]])?$`)
	notPlain = regexp.MustCompile(`^(?i:true|false|yes|no|on|off|y|n|null)$`)
)

// scalar writes a string so that any YAML reader gets it back; Go's escapes are YAML's too.
func scalar(s string) string {
	if plain.MatchString(s) && !notPlain.MatchString(s) {
		return s
	}
	return strconv.QuoteToASCII(s)
}

// ParseKubeconfig reads the current context of a kubeconfig. Data that is absent stays empty, as in the files of
// kubeadm certs generate-csr; data in other files (certificate-authority, client-certificate) is not followed.
func ParseKubeconfig(b []byte) (Kubeconfig, error) {
	f, err := readKubeconfig(b)
	if err != nil {
		return Kubeconfig{}, err
	}
	var k Kubeconfig
	for _, x := range f.Contexts {
		if x.Name == f.CurrentContext {
			k.Cluster, k.User = x.Context.Cluster, x.Context.User
		}
	}
	if k.User == "" {
		return Kubeconfig{}, fmt.Errorf("reading kubeconfig: it has no context %q", f.CurrentContext)
	}
	return k, k.fill(f)
}

func readKubeconfig(b []byte) (f kubeconfigFile, err error) {
	bodies, err := documents(b)
	if err == nil && len(bodies) != 1 {
		err = fmt.Errorf("the file has %d YAML documents, expected 1", len(bodies))
	}
	if err == nil {
		err = decode(bodies[0], &f)
	}
	if err != nil {
		return f, fmt.Errorf("reading kubeconfig: %w", err)
	}
	if f.Kind != "Config" {
		return f, fmt.Errorf("reading kubeconfig: kind is %q, expected \"Config\"", f.Kind)
	}
	return f, nil
}

// HasOthers reports whether a kubeconfig has clusters, contexts or users besides one of each: Encode writes no others.
func HasOthers(b []byte) bool {
	f, err := readKubeconfig(b)
	return err == nil && max(len(f.Clusters), len(f.Contexts), len(f.Users)) > 1
}

// fill takes the data of the context's cluster and user.
func (k *Kubeconfig) fill(f kubeconfigFile) error {
	data := map[string]string{}
	for _, c := range f.Clusters {
		if c.Name == k.Cluster {
			k.Server, data["certificate-authority-data"] = c.Cluster.Server, c.Cluster.CA
		}
	}
	for _, u := range f.Users {
		if u.Name == k.User {
			data["client-certificate-data"], data["client-key-data"] = u.User.Certificate, u.User.Key
		}
	}
	fields := map[string]*[]byte{
		"certificate-authority-data": &k.CA, "client-certificate-data": &k.Certificate, "client-key-data": &k.Key,
	}
	for field, into := range fields {
		pem, err := base64.StdEncoding.DecodeString(data[field])
		if err != nil {
			return fmt.Errorf("reading kubeconfig: %s: %w", field, err)
		}
		*into = pem
	}
	return nil
}

// ClientCertificates gives the certificates that a kubeconfig has of its users, whatever its context, as they are
// embedded; none of a file that is not a kubeconfig.
func ClientCertificates(b []byte) (all [][]byte) {
	var f kubeconfigFile
	if !bytes.Contains(b, []byte("client-certificate-data")) {
		return nil
	}
	bodies, err := documents(b)
	if err != nil || len(bodies) != 1 || decode(bodies[0], &f) != nil || f.Kind != "Config" {
		return nil
	}
	for _, u := range f.Users {
		if pem, err := base64.StdEncoding.DecodeString(u.User.Certificate); err == nil && len(pem) > 0 {
			all = append(all, pem)
		}
	}
	return all
}

package policy

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/template"
)

// Defaults are what `ca-admin init` knows when it writes a policy.
type Defaults struct {
	Cluster  Cluster
	Days     int
	MaxDays  int
	Unsigned []string // profiles that unsigned requests get (init --trust-inbox); nil: none
}

// Default is the first policy.yaml: every line explained, nothing set that need not be.
func Default(d Defaults) ([]byte, error) {
	if d.Days == 0 {
		d.Days = defaultDays
	}
	d.MaxDays = max(d.MaxDays, d.Days)
	nodes := slices.Sorted(maps.Keys(d.Cluster.Nodes))
	if len(nodes) == 0 {
		nodes = []string{"**"}
	}
	t, err := template.New("policy").Funcs(template.FuncMap{"list": list}).Parse(defaultText)
	if err != nil {
		return nil, err
	}
	var b strings.Builder
	err = t.Execute(&b, struct {
		Defaults
		Nodes []string
	}{d, nodes})
	return []byte(b.String()), err
}

// list writes a YAML list on one line, every item quoted.
func list(items []string) string {
	quoted := make([]string, len(items))
	for i, s := range items {
		quoted[i] = fmt.Sprintf("%q", s)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}

const defaultText = `# The policy: which requests get a certificate, for which names, for how long.
# It is read again whenever it changes; a mistake is reported with its line, and the policy before stays in force.
# Try it without signing anything: ca-admin check FILE.csr
apiVersion: ca-exchange/v1
kind: Policy

# The cluster whose certificates these are. Requests for kube-apiserver may always name the node, "kubernetes" and
# its DNS forms, the first address of each service subnet, the endpoint and the certSANs.
cluster:
  name: {{printf "%q" .Cluster.Name}} # a request made for another cluster is denied
  kubernetes: {{printf "%q" .Cluster.Kubernetes}}       # release: it decides some subjects (ca-admin profiles)
  dnsDomain: {{if .Cluster.DNSDomain}}{{printf "%q" .Cluster.DNSDomain}}{{else}}cluster.local{{end}}
  serviceSubnets: {{if .Cluster.ServiceSubnets}}{{list .Cluster.ServiceSubnets}}{{else}}["10.96.0.0/12"]{{end}}
  endpoint: {{if .Cluster.Endpoint}}{{printf "%q" .Cluster.Endpoint}}{{else}}""{{end}} # controlPlaneEndpoint
  certSANs: {{list .Cluster.CertSANs}}           # further names of the API servers
  # Known hosts, with the addresses that their certificates may always have:
  nodes:
{{- range $node, $addresses := .Cluster.Nodes}}
    {{printf "%q" $node}}: {{list $addresses}}{{else}} {}{{end}}

# Validity in days of 24 hours. A request may ask for fewer; nobody can give more than maxDays, which is 3650 at most.
certificates:
  days: {{.Days}}
  maxDays: {{.MaxDays}}
  backdate: 5m           # how far in the past a certificate begins, for hosts whose clock is behind

# The issuers whose lists of revoked certificates (CRLs) are published from the first day, in outbox/NAME.crl. Others
# get one with their first revocation: ca-admin revoke.
# crl:
#   issuers: [etcd-ca]
#   days: 30

# One profile may have its own days and maxDays, and names that every requester of it may have:
# profiles:
#   server:
#     days: 90
#     dns: ["*.internal.example"]   # "*" stands for any run of characters but a dot, "**" for any
#     wildcards: ["*.apps.example"] # wildcard names, each written out
#     ips: ["192.0.2.0/24"]
{{if .Unsigned}}
# What requests get that nobody signed (ca-admin init --trust-inbox): whoever can write to the inbox gets these, so
# the directory's permissions are the only authentication. Some of them are as good as an administrator's:
# front-proxy-client may act as any user, kube-controller-manager may read every secret, etcd clients see all data.
# Take out what you do not need; without this section every unsigned request waits for: ca-admin approve ID
unsigned:
  profiles:{{range .Unsigned}}
    - {{.}}{{end}}
  nodes: {{list .Nodes}}
  # A pattern never reaches names and addresses of the API server and of known hosts: their own profiles have them,
  # anybody else only where they are written out here.
  dns: ["**"]
  ips: ["0.0.0.0/0", "::/0"]
  wildcards: []                   # wildcard names, each written out: "*.apps.example"
  users: []                       # common names of the profiles client and user: such requests wait for a person
  groups: []                      # organisations of the same profiles
{{else}}
# Requests that nobody signed wait for a person: ca-admin pending, ca-admin approve ID.
# This would let some of them through, for whoever can write to the inbox:
# unsigned:
#   profiles: [server]
#   dns: ["*.internal.example"]
#   ips: ["192.0.2.0/24"]
{{end}}`

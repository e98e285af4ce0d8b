package policy

import (
	"slices"
	"testing"
)

// What bounds nothing is named with what it permits, wherever it stands; what bounds anything is not.
func TestWide(t *testing.T) {
	p := testPolicy(t, `unsigned: {profiles: [server], nodes: ["**"], dns: ["*.example", "**"], ips: ["::/0"]}
profiles:
  server: {dns: ["**.*"]}
  own: {like: server, dns: [a.example]}
`, Scope{Profiles: []string{"user"}, Users: []string{"**"}, Groups: []string{"*"}})
	dns := ` permits every DNS name, also of hosts that are not yours; not wildcard names, nor names of the API ` +
		`server and of known hosts`
	want := []string{
		`policy.yaml: unsigned: dns "**"` + dns,
		`policy.yaml: unsigned: ips "::/0" permits every address, also of hosts that are not yours; not those of ` +
			`the API server and of known hosts`,
		`policy.yaml: profiles.server: dns "**.*"` + dns,
		`requesters.yaml: "me": users "**" permits every user that Kubernetes does not reserve, with what RBAC gives ` +
			`each`,
		`requesters.yaml: "me": groups "*" permits every group that Kubernetes does not reserve, with what RBAC ` +
			`gives each`,
	}
	if got := p.Wide(); !slices.Equal(got, want) {
		t.Errorf("got %q\nwant %q", got, want)
	}
	bounded := Scope{DNS: []string{"*", "*.*", "**.example", "a**"}, IPs: []string{"10.0.0.0/8"}, Users: []string{"j*"},
		Groups: []string{"team-**"}}
	if got := bounded.Wide(); len(got) > 0 {
		t.Errorf("bounded, and yet %q", got)
	}
}

package e2e_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// approveHint is the command that helps, as ca-admin prints it.
var approveHint = regexp.MustCompile(`(?m)^ca-admin: hint: ca-admin (approve .+)$`)

// TestTypedAtPrompts: a request typed at openssl's own prompts, as the document does it, with its defaults or
// without, and with the optional attributes, gets a certificate after the one command that show prints, with the CA
// admin's own values for what it leaves open.
func TestTypedAtPrompts(t *testing.T) {
	long(t)
	t.Parallel()
	needs(t, "openssl")
	values := strings.NewReplacer("NODE", "cp1", "ADDRESS", "192.0.2.10", "NAME", "web.example")
	for name, typed := range map[string][]string{ // country, state, locality, organization, unit, common name
		"kube-apiserver with the defaults":   {"", "", "", "", "", "kube-apiserver"},
		"kube-apiserver, all else left out":  {".", ".", ".", ".", ".", "kube-apiserver"},
		"kube-scheduler":                     {"", "", "", "", "", "system:kube-scheduler"},
		"kube-scheduler without system":      {"", "", "", "", "", "kube-scheduler"},
		"a host with optional attributes":    {".", ".", ".", ".", ".", "web.example", "", "secret", "Example"},
		"a component with all attributes":    {"DE", "", "", "", "", "kube-apiserver", "a@web.example", "secret", "x"},
		"a host":                             {"", "", "", "", "", "web.example"},
		"an address":                         {".", ".", ".", ".", ".", "192.0.2.10"},
		"nothing but the defaults":           {"", "", "", "", "", ""},
		"everything, with an optional field": {"DE", "Hessen", "Kassel", "Example GmbH", "Operations", "web.example"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchange(t, build(t))
			x.run(0, "openssl", "genrsa", "-out", "server.key", "2048")
			x.typeRequest(typed)
			text, err := os.ReadFile(filepath.Join(x.dir, "server.csr"))
			must(t, err)
			x.drop("server.csr", text)
			x.ca(0, "sync", "-q")
			out := x.ca(0, "show", "server")
			hint := approveHint.FindStringSubmatch(out)
			if hint == nil {
				t.Fatalf("no hint has the command that helps:\n%s", out)
			}
			person := x.terminal("ca-admin", strings.Fields(values.Replace(hint[1]))...)
			person.await("[y/N]", 1)
			person.enter("y")
			person.exits(0)
			x.expect("server", "crt", "")
			x.run(0, "openssl", "verify", "-CAfile", x.path("outbox", "ca.crt"), x.path("outbox", "server.crt"))
		})
	}
}

// typeRequest answers openssl's prompts for server.csr.
func (x *exchange) typeRequest(subject []string) {
	x.Helper()
	person := x.terminal("openssl", "req", "-new", "-key", "server.key", "-out", "server.csr")
	prompts := []string{"Country Name", "State or Province", "Locality", "Organization Name", "Organizational Unit",
		"Common Name",
		"Email Address", "challenge password", "optional company"}
	for i, prompt := range prompts {
		person.await(prompt, 1)
		if i < len(subject) {
			person.enter(subject[i])
		} else {
			person.enter("")
		}
	}
	person.exits(0)
}

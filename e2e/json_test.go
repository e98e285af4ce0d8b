package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/pki"
)

// jsonPage reads docs/json.md: the keys of each kind, and whether each is always there.
func jsonPage(t *testing.T) map[string]map[string]bool {
	t.Helper()
	text, err := os.ReadFile("../docs/json.md")
	must(t, err)
	page := map[string]map[string]bool{}
	var kind string
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(line, "|")
		switch {
		case strings.HasPrefix(line, "## "):
			kind = strings.TrimSpace(line[3:])
			page[kind] = map[string]bool{"apiVersion": true, "kind": true}
		case len(cells) == 4 && kind != "" && !strings.HasPrefix(line, "| key") && !strings.HasPrefix(line, "|---"):
			key, of, _ := strings.Cut(strings.TrimSpace(cells[1]), ", and the keys of ")
			always := !strings.HasSuffix(key, "?")
			page[kind][strings.TrimSuffix(key, "?")] = always
			if other, ok := strings.CutSuffix(of, "'s items"); ok {
				page[kind][other] = always // filled in below
			}
		}
	}
	expand(page["Revocation"], page, "crls[].", "CRLList")
	expand(page["AuthorityList"], page, "items[].", "CertificateList")
	expand(page["Record"], page, "request.", "RequestList")
	expand(page["Record"], page, "certificate.", "CertificateList")
	expand(page["Record"], page, "events[].", "EventList")
	expand(page["RenewalList"+ofComponent], page, "progress[].", "ProgressList"+ofComponent)
	return page
}

// ofComponent stands behind the kinds of component-admin in the headings of the page.
const ofComponent = " (component-admin)"

func expand(keys map[string]bool, page map[string]map[string]bool, prefix, other string) {
	listed := strings.TrimSuffix(other, ofComponent)
	always := keys[listed]
	delete(keys, listed)
	for key, required := range page[other] {
		if name, ok := strings.CutPrefix(key, "items[]."); ok {
			// A settled request has no refusals.
			keys[prefix+name] = always && required && !strings.Contains(name, "refusals")
		}
	}
}

// keysOf collects the keys of a decoded document. What the page says of free has free keys.
func keysOf(v any, prefix string, into map[string]bool) {
	switch v := v.(type) {
	case map[string]any:
		for key, value := range v {
			if path := prefix + key; key != "detail" {
				keysOf(value, path+".", into)
			} else {
				into[path] = true
			}
		}
	case []any:
		begin := strings.TrimSuffix(prefix, ".")
		for _, item := range v {
			if _, object := item.(map[string]any); object {
				keysOf(item, begin+"[].", into)
			} else {
				into[begin] = true
			}
		}
		if len(v) == 0 {
			into[begin] = true
		}
	default:
		into[strings.TrimSuffix(prefix, ".")] = true
	}
}

// documents decoded, by program and command, and the keys seen of each kind.
type decoded struct {
	*exchange
	page, kinds map[string]map[string]bool
	commands    map[string]bool
}

func newDecoded(t *testing.T) *decoded {
	x := newExchange(t, build(t), "--path-len", "1")
	return &decoded{x, jsonPage(t), map[string]map[string]bool{}, map[string]bool{}}
}

// look runs a command with -o json and holds what it prints against the page.
func (d *decoded) look(status int, program string, args ...string) {
	d.Helper()
	d.commands[program+" "+args[0]] = true
	suffix := ""
	if program == "component-admin" {
		suffix = ofComponent
	}
	checkDocument(d.exchange, d.page, d.kinds, suffix, d.run(status, program, append(args, "-q", "-o", "json")...))
}

// whole wants every command of a program to have been decoded or to refuse -o json, and every key of the page to have
// been printed.
func (d *decoded) whole(program string, arguments map[string]string) {
	d.Helper()
	command := regexp.MustCompile(`(?m)^  ([a-z]+) +[A-Z]`)
	for _, match := range command.FindAllStringSubmatch(d.run(0, program, "--help"), -1) {
		name := match[1]
		if strings.Contains(d.run(0, program, name, "--help"), "--output=") {
			if !d.commands[program+" "+name] {
				d.Errorf("%s %s takes -o json, and nobody looked at it", program, name)
			}
			continue
		}
		args := append([]string{name}, strings.Fields(arguments[name])...)
		if out := d.run(2, program, append(args, "-o", "json")...); !strings.Contains(out, "--output json: ") {
			d.Errorf("%s %q: %s", program, args, out)
		}
	}
	for kind, keys := range d.page {
		if strings.HasSuffix(kind, ofComponent) != (program == "component-admin") {
			continue
		}
		for key, always := range keys {
			if always && !d.kinds[kind][key] {
				d.Errorf("%s: no command printed %q", kind, key)
			}
		}
	}
}

// TestJSON holds docs/json.md against what each command of ca-admin prints, with rows and without.
func TestJSON(t *testing.T) {
	t.Parallel()
	long(t)
	d := newDecoded(t)
	commands := []string{
		"list", "pending", "requesters", "events", "exchange", "status", "verify", "sync", "profiles", "policy",
		"clock", "recover",
	}
	look := func(status int, args ...string) { d.Helper(); d.look(status, "ca-admin", args...) }
	for _, command := range commands {
		look(0, command)
	}
	look(0, "init", "--dir", "other", "--exchange", "elsewhere", "--issuer", "ca", "--key-type", "ECDSA-P256")
	key, err := pki.ECDSAP256.Generate()
	must(t, err)
	public, err := ssh.NewPublicKey(key.Public())
	must(t, err)
	file := filepath.Join(d.dir, "web.pub")
	must(t, os.WriteFile(file, ssh.MarshalAuthorizedKey(public), 0o644))
	look(0, "enroll", "web", "--key", file, "--profile", "server", "--dns", "**.example")
	look(0, "scope", "web")
	look(0, "scope", "web", "--add-ip", "192.0.2.0/24")
	policy := filepath.Join(d.dir, "ca", "policy.yaml")
	was, err := os.ReadFile(policy)
	must(t, err)
	look(0, "policy", "--node", "w9=192.0.2.9", "--yes")
	must(t, os.WriteFile(policy, was, 0o600))
	d.dropHeld("web")
	d.approve("web")
	d.dropHeld("odd")
	d.drop("left.csr", []byte("-----BEGIN CERTIFICATE REQUEST-----\n"))
	broken := filepath.Join(d.dir, "broken.csr")
	must(t, os.WriteFile(broken, []byte("odd"), 0o644))
	for _, command := range commands {
		status := 0
		if command == "sync" {
			status = 3
		}
		look(status, command)
	}
	look(4, "check", broken)
	look(0, "show", "web")
	for _, id := range d.heldIDs() {
		look(0, "show", id)
		look(0, "deny", id, "--reason", "no")
		look(0, "approve", id, "--yes", "--reopen", "--profile", "server", "--dns", "odd.example")
	}
	must(t, os.WriteFile(filepath.Join(d.dir, "hand.csr"), serverRequest(t, "hand"), 0o644))
	look(0, "sign", "hand.csr", "--yes")
	d.lookAuthorities()
	d.lookRevoked("hand.crt")
	look(0, "backup", "ca.tar")
	look(5, "import", "--openssl", oddIndex(t), "--dry-run")
	look(0, "passwd", "--decrypt")
	d.ca(2, "sign", "hand.csr", "--out", "-", "-o", "json") // two results for one standard output
	d.whole("ca-admin", map[string]string{
		"unenroll": "web", "export": "00", "completion": "bash", "issuer": "adopt ca hand.csr",
		"restore": "ca.tar", "report": "--html r.html", "archive": "--attach FILE",
	})
}

// lookRevoked revokes a certificate, and looks at what names it.
func (d *decoded) lookRevoked(file string) {
	d.Helper()
	for _, args := range [][]string{
		{"revoke", file, "--reason", "keyCompromise", "--since", "1d", "--yes"}, {"crl"}, {"list", "--revoked"},
		{"status"},
	} {
		d.look(0, "ca-admin", args...)
	}
}

// lookAuthorities looks at the lists that name an authority below the issuer.
func (d *decoded) lookAuthorities() {
	d.Helper()
	key, err := pki.ECDSAP256.Generate()
	must(d.T, err)
	below, err := pki.AuthorityCSR(key, "k3s-prod")
	must(d.T, err)
	must(d.T, os.WriteFile(filepath.Join(d.dir, "k3s.csr"), below, 0o644))
	d.signAuthority(0, "k3s-prod")
	d.look(0, "ca-admin", "list", "--authorities")
	d.look(0, "ca-admin", "status")
}

// oddIndex is a directory of `openssl ca` with a line that nobody can read, and one whose certificate is missing.
func oddIndex(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	index := []byte("V\t300101000000Z\t\t01\tunknown\t/CN=x\nodd\n")
	must(t, os.WriteFile(filepath.Join(dir, "index.txt"), index, 0o600))
	return dir
}

// TestComponentJSON is TestJSON for component-admin.
func TestComponentJSON(t *testing.T) {
	t.Parallel()
	long(t)
	d := newDecoded(t)
	look := func(status int, args ...string) { d.Helper(); d.look(status, "component-admin", args...) }
	look(0, "init", "--name", "web", "--trust", d.trust())
	configuration := filepath.Join(d.dir, "component/component-admin/config.yaml")
	paths := "paths:\n  admin: {certificate: admin.pem, key: admin.key, kubeconfig: conf/admin}\n"
	must(t, os.WriteFile(configuration, []byte(readText(t, configuration)+paths), 0o600))
	for _, command := range []string{"config", "status", "sync", "renew"} {
		look(0, command)
	}
	public := "component/component-admin/identity.pub"
	d.ca(0, "enroll", "web", "--key", public, "--profile", "server", "--dns", "**.example")
	look(0, "request", "server", "--dns", "a.example", "--key-type", "ECDSA-P256")
	d.ca(0, "sync")
	look(0, "sync")
	look(0, "request", "client", "--common-name", "web", "--key-type", "ECDSA-P256") // outside the scope
	d.ca(0, "sync")
	look(3, "sync")
	d.ca(0, "crl", "ca")
	look(3, "sync")
	look(0, "status")
	look(3, "renew", "server", "--now")
	look(0, "renew", "server", "--now", "--dry-run")
	look(5, "doctor", "--config", absolute(t, "testdata/kubeadm.yaml"))
	look(0, "request", "server", "--dns", "b.example", "--csr-out", "b.csr", "--key-type", "ECDSA-P256")
	d.run(2, "component-admin", "request", "server", "--dns", "c.example", "--csr-out", "-", "-o", "json")
	d.ca(0, "sign", "b.csr", "--yes")
	look(0, "install", "b.crt", "pki/b.example.crt")
	d.whole("component-admin", map[string]string{
		"forget": "00", "completion": "bash", "kubeconfig": "admin --server https://a:1",
	})
}

// checkDocument decodes a document and looks for its keys on the page.
func checkDocument(x *exchange, page, kinds map[string]map[string]bool, suffix, text string) {
	x.Helper()
	from := strings.Index(text, "{") // warnings stand before it
	var document map[string]any
	if err := json.Unmarshal([]byte(text[max(from, 0):]), &document); err != nil {
		x.Errorf("%v:\n%s", err, text)
		return
	}
	kind, _ := document["kind"].(string)
	kind += suffix
	if page[kind] == nil || document["apiVersion"] != "ca-exchange/v1" {
		x.Errorf("%v %q is not on the page", document["apiVersion"], kind)
		return
	}
	printed := map[string]bool{}
	keysOf(document, "", printed)
	if kinds[kind] == nil {
		kinds[kind] = map[string]bool{}
	}
	for key := range printed {
		kinds[kind][key] = true
		empty := slices.ContainsFunc(mapKeys(page[kind]), func(k string) bool {
			return strings.HasPrefix(k, key+"[].") || strings.HasPrefix(k, key+".")
		})
		if _, known := page[kind][key]; !known && !empty {
			x.Errorf("%s: %q is not on the page", kind, key)
		}
	}
}

func mapKeys(m map[string]bool) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	return keys
}

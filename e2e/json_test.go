package e2e_test

import (
	"encoding/json"
	"os"
	"path/filepath"
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
	expand(page["Record"], page, "request.", "RequestList")
	expand(page["Record"], page, "certificate.", "CertificateList")
	expand(page["Record"], page, "events[].", "EventList")
	return page
}

func expand(keys map[string]bool, page map[string]map[string]bool, prefix, other string) {
	always := keys[other]
	delete(keys, other)
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

// TestJSON holds docs/json.md against what each command prints, with rows and without.
func TestJSON(t *testing.T) {
	t.Parallel()
	page := jsonPage(t)
	x := newExchange(t, build(t))
	commands := []string{
		"list", "pending", "requesters", "events", "exchange", "status", "verify", "sync", "profiles", "policy",
	}
	kinds := map[string]map[string]bool{}
	look := func(status int, args ...string) {
		x.Helper()
		checkDocument(x, page, kinds, x.ca(status, append(args, "-q", "-o", "json")...))
	}
	for _, command := range commands {
		look(0, command)
	}
	key, err := pki.ECDSAP256.Generate()
	must(t, err)
	public, err := ssh.NewPublicKey(key.Public())
	must(t, err)
	x.enroll("web", public)
	x.dropHeld("web")
	x.approve("web")
	x.dropHeld("odd")
	x.drop("left.csr", []byte("-----BEGIN CERTIFICATE REQUEST-----\n"))
	held := filepath.Join(x.dir, "odd.csr")
	must(t, os.WriteFile(held, []byte("odd"), 0o644))
	for _, command := range commands {
		status := 0
		if command == "sync" {
			status = 3
		}
		look(status, command)
	}
	look(4, "check", held)
	look(0, "show", "web")
	for _, id := range x.heldIDs() {
		look(0, "show", id)
		look(0, "deny", id, "--reason", "no")
		look(0, "approve", id, "--yes", "--reopen", "--profile", "server", "--dns", "odd.example")
	}
	for kind, keys := range page {
		for key, always := range keys {
			if always && !kinds[kind][key] {
				t.Errorf("%s: no command printed %q", kind, key)
			}
		}
	}
	for _, command := range []string{"init", "watch", "review", "unenroll web", "migrate", "clock"} {
		args := append(strings.Fields(command), "-o", "json")
		if out := x.ca(2, args...); !strings.Contains(out, "--output json: ") {
			t.Errorf("%q: %s", args, out)
		}
	}
}

// checkDocument decodes a document and looks for its keys on the page.
func checkDocument(x *exchange, page, kinds map[string]map[string]bool, text string) {
	x.Helper()
	from := strings.Index(text, "{") // warnings stand before it
	var document map[string]any
	if err := json.Unmarshal([]byte(text[max(from, 0):]), &document); err != nil {
		x.Errorf("%v:\n%s", err, text)
		return
	}
	kind, _ := document["kind"].(string)
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

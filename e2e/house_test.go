package e2e_test

import (
	"bytes"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// modules are the third-party modules that several rooms use.
const (
	kong    = "github.com/alecthomas/kong"
	yaml    = "github.com/goccy/go-yaml"
	xcrypto = "golang.org/x/crypto"
	xnet    = "golang.org/x/net"
	xsys    = "golang.org/x/sys"
	xterm   = "golang.org/x/term"
	xtext   = "golang.org/x/text"
)

// rooms is what each package may import of ours and of others, besides the standard library: data flows one way, and
// nothing reaches around. A name without a slash is a package below internal.
var rooms = map[string][]string{
	"refusal":   {},
	"pki":       {"refusal", xcrypto, xnet, "github.com/youmark/pkcs8"},
	"request":   {"refusal", "pki", xcrypto, "github.com/hiddeco/sshsig", "github.com/titanous/rocacheck"},
	"policy":    {"refusal", "pki", "request", xcrypto, xtext, yaml},
	"ledger":    {"refusal", "pki", "request", "modernc.org/sqlite"},
	"durable":   {xsys},
	"inbox":     {"refusal", "durable", xsys, "github.com/fsnotify/fsnotify"},
	"pass":      {"ca", "policy", "ledger", "inbox", "request", "refusal", "pki", "durable"},
	"ca":        {"refusal", "request", "pki", "policy", "ledger", "durable", "kube", "signer", xcrypto},
	"signer":    {xcrypto},
	"component": {"refusal", "request", "pki", "inbox", "durable", "kube", yaml, xcrypto},
	"kube":      {"pki", yaml},
	"metrics":   {"durable"},
	"report":    {},
	"cli":       {kong, xsys, xterm},
	"manual":    {"cli", kong},
}

// pure are the rooms that take bytes and a time, and touch no file.
var pure = []string{"refusal", "pki", "request", "policy", "report"}

// unlinked are the packages that a program must not contain, directly or through another.
var unlinked = map[string][]string{
	"component-admin": {"ca-exchange/internal/ca", "ca-exchange/internal/pass", "ca-exchange/internal/policy",
		"ca-exchange/internal/ledger", "modernc.org/sqlite", "net/http"},
	"ca-admin": {"ca-exchange/internal/component", "net/http"},
}

// TestRooms holds every package below internal against the table: what it imports, and what each program links.
func TestRooms(t *testing.T) {
	t.Parallel()
	directories, err := os.ReadDir("../internal")
	must(t, err)
	for _, d := range directories {
		room := d.Name()
		allowed, known := rooms[room]
		if !known {
			t.Errorf("internal/%s is not in the table of rooms", room)
		}
		for _, imported := range goList(t, "Imports", "../internal/"+room) {
			if !mayImport(allowed, imported) {
				t.Errorf("internal/%s imports %s", room, imported)
			}
			if slices.Contains(pure, room) && slices.Contains([]string{"os", "io/ioutil", "log/slog"}, imported) {
				t.Errorf("internal/%s imports %s: it takes bytes and a time", room, imported)
			}
		}
	}
	for program, forbidden := range unlinked {
		for _, linked := range goList(t, "Deps", "../cmd/"+program) {
			if slices.Contains(forbidden, linked) || strings.HasPrefix(linked, "k8s.io/") {
				t.Errorf("%s links %s", program, linked)
			}
		}
	}
}

// mayImport is whether a package is in the standard library, or is or lies below one that is allowed.
func mayImport(allowed []string, imported string) bool {
	root, _, _ := strings.Cut(imported, "/")
	if imported == "C" || root != "ca-exchange" && !strings.Contains(root, ".") {
		return true
	}
	name := strings.TrimPrefix(imported, "ca-exchange/internal/")
	return slices.ContainsFunc(allowed, func(a string) bool { return name == a || strings.HasPrefix(name, a+"/") })
}

func goList(t *testing.T, field, pkg string) []string {
	t.Helper()
	out, err := exec.Command("go", "list", "-f", "{{join ."+field+" \"\\n\"}}", pkg).Output()
	if err != nil {
		t.Fatalf("go list %s: %v", pkg, err)
	}
	return strings.Fields(string(out))
}

// productFiles visits every Go file that is no test's.
func productFiles(t *testing.T, visit func(path, text string)) {
	t.Helper()
	for _, root := range []string{"../cmd", "../internal", "../bench"} {
		must(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || filepath.Ext(path) != ".go" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			visit(path, string(text))
			return err
		}))
	}
}

// TestOnlyTestsSwap: the one package state there is, the System below durable, belongs to tests.
func TestOnlyTestsSwap(t *testing.T) {
	t.Parallel()
	productFiles(t, func(path, text string) {
		if strings.Contains(text, "durable.Swap(") {
			t.Errorf("%s puts another system below the program", path)
		}
	})
}

// tracked are the files that git has or would add, relative to the root.
func tracked(t *testing.T) []string {
	t.Helper()
	out, err := exec.Command("git", "-C", "..", "ls-files", "-z", "--cached", "--others", "--exclude-standard").Output()
	if err != nil {
		t.Skipf("not a git checkout: %v", err)
	}
	return strings.Split(strings.TrimRight(string(out), "\x00"), "\x00")
}

// rootNames are the names that the root of the repository may hold.
var rootNames = strings.Fields(`.ci .github .gitignore CHANGELOG.md CONTRIBUTING.md contrib LICENSE README.md
	bench cmd docs e2e examples go.mod go.sum internal packaging test`)

// TestStrayFiles: the root holds known names only, and no private key lies outside testdata.
func TestStrayFiles(t *testing.T) {
	t.Parallel()
	for _, file := range tracked(t) {
		if name, _, _ := strings.Cut(file, "/"); !slices.Contains(rootNames, name) {
			t.Errorf("%s: the root of the repository holds no such name", file)
		}
		text, err := os.ReadFile("../" + file)
		if err != nil { // removed, and not yet committed
			continue
		}
		if !strings.Contains(file, "testdata/") && holdsKey(text) {
			t.Errorf("%s holds a private key", file)
		}
	}
}

// holdsKey is whether a PEM block of a private key begins on a line of its own and goes on below it: code that names
// the block's first line in a string is none.
func holdsKey(text []byte) bool {
	for _, line := range bytes.SplitAfter(text, []byte("\n")) {
		line = bytes.TrimSpace(line)
		if bytes.HasPrefix(line, []byte("-----BEGIN ")) && bytes.HasSuffix(line, []byte("PRIVATE KEY-----")) {
			return true
		}
	}
	return false
}

// Package cmd_test runs the scenarios in testdata: each is a page of a user's day, driven through both real binaries
// and judged by openssl.
package cmd_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestScenarios(t *testing.T) {
	if _, err := exec.LookPath("openssl"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal(err)
		}
		t.Skip("openssl judges every scenario: install it")
	}
	bin := build(t)
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(filepath.ListSeparator)+e.Getenv("PATH"))
			e.Setenv("HOME", e.WorkDir)
			return nil
		},
		Condition: func(name string) (bool, error) { return name == "root" && os.Geteuid() == 0, nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "within": within, "trust": trust, "decodes": decodes, "truncated": truncated, "link": link,
		},
	})
}

// build builds both programs, once for all tests, and gives the directory they are in.
func build(t *testing.T) string {
	t.Helper()
	dir, err := built()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

var built = sync.OnceValues(func() (string, error) {
	// Looking at the sources tells `go test` that a cached result depends on them: the build itself it does not see.
	if err := filepath.WalkDir("..", func(path string, d fs.DirEntry, err error) error {
		if err == nil && filepath.Ext(path) == ".go" {
			_, err = os.Stat(path)
		}
		return err
	}); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "ca-exchange-test-")
	if err != nil {
		return "", err
	}
	if out, err := exec.Command("go", "build", "-o", dir+"/", "./ca-admin", "./component-admin").CombinedOutput(); err != nil {
		return dir, fmt.Errorf("building: %w\n%s", err, out)
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	status := m.Run()
	if dir, err := built(); err == nil {
		os.RemoveAll(dir)
	}
	os.Exit(status)
}

// exits runs a program and wants exactly this exit status: exits 3 ca-admin sync.
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(args[1], args[2:]...)
	got := 0
	if e, ok := errors.AsType[*exec.ExitError](err); ok {
		got = e.ExitCode()
	} else if err != nil && !strings.Contains(err.Error(), "exit status") {
		ts.Fatalf("%v", err)
	}
	if got != want {
		ts.Fatalf("%s exited with %d, not %d", strings.Join(args[1:], " "), got, want)
	}
}

// within waits for a file: within 10s exchange/outbox/server.crt.
func within(ts *testscript.TestScript, neg bool, args []string) {
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	for deadline := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		_, err := os.Stat(ts.MkAbs(args[1]))
		if (err == nil) != neg {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s: not within %s", args[1], limit)
		}
	}
}

// trust sets TRUST to the trust fingerprint of ./ca.
func trust(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(ts.Exec("ca-admin", "status", "-o", "json"))
	var status struct{ Trust string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &status))
	ts.Setenv("TRUST", status.Trust)
}

// decodes holds the last stdout against a form: its JSON must have exactly these keys (NAME or NAME[].KEY), no others.
func decodes(ts *testscript.TestScript, _ bool, args []string) {
	var top map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &top))
	want, items := map[string]bool{}, map[string]bool{}
	for _, a := range args {
		if key, ok := strings.CutPrefix(a, "items."); ok {
			items[key] = true
		} else {
			want[a] = true
		}
	}
	same(ts, top, want)
	list, _ := top["items"].([]any)
	for _, item := range list {
		same(ts, item.(map[string]any), items)
	}
}

func same(ts *testscript.TestScript, object map[string]any, keys map[string]bool) {
	for key := range object {
		if !keys[key] {
			ts.Fatalf("unexpected key %q", key)
		}
	}
	for key := range keys {
		if _, ok := object[key]; !ok {
			ts.Fatalf("key %q is missing", key)
		}
	}
}

// truncated copies the first half of a file, as a copy under way looks: truncated server.csr exchange/inbox/server.csr.
func truncated(ts *testscript.TestScript, _ bool, args []string) {
	b, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), b[:len(b)/2], 0o644))
}

// link makes a symbolic link without looking at its target: link /etc/passwd exchange/inbox/x.csr.
func link(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(os.Symlink(args[0], ts.MkAbs(args[1])))
}

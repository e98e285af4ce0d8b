package e2e_test

import (
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestScenarios(t *testing.T) {
	t.Parallel()
	needs(t, "openssl")
	bin := build(t)
	scripts := "*.txtar"
	if testing.Short() {
		scripts = "handoff_*.txtar"
	}
	files, err := filepath.Glob(filepath.Join("testdata", scripts))
	must(t, err)
	testscript.Run(t, testscript.Params{
		Files: files,
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", bin+string(filepath.ListSeparator)+e.Getenv("PATH"))
			e.Setenv("HOME", e.WorkDir)
			port, err := freePort()
			e.Setenv("PORT", port)
			return err
		},
		Condition: func(name string) (bool, error) { return name == "root" && os.Geteuid() == 0, nil },
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": exits, "within": waitForFile, "soon": soon, "trust": setTrust, "decodes": decodes,
			"truncated": truncated, "id": setID, "waiting": setWaiting, "fingerprint": setFingerprint,
		},
	})
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

// setID sets $ID to the request that was asked for under an entry's name: id server.
func setID(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("ca-admin", "show", args[0], "-o", "json"))
	var shown struct{ Request struct{ ID string } }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &shown))
	ts.Setenv("ID", shown.Request.ID)
}

// setWaiting sets $ID to the first 16 digits of the one request that waits.
func setWaiting(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(ts.Exec("ca-admin", "pending", "-o", "json"))
	var list struct{ Items []struct{ ID string } }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &list))
	if len(list.Items) != 1 {
		ts.Fatalf("%d requests wait, not 1", len(list.Items))
	}
	ts.Setenv("ID", list.Items[0].ID[:16])
}

// setFingerprint sets $FINGERPRINT to that of the key which the ssh-agent got last.
func setFingerprint(ts *testscript.TestScript, _ bool, _ []string) {
	ts.Check(ts.Exec("ssh-add", "-l"))
	keys := strings.Split(strings.TrimSpace(ts.ReadFile("stdout")), "\n")
	ts.Setenv("FINGERPRINT", strings.Fields(keys[len(keys)-1])[1])
}

// waitForFile waits for a file: within 10s exchange/outbox/server.crt.
func waitForFile(ts *testscript.TestScript, neg bool, args []string) {
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

// soon runs a program until it succeeds: soon 10s openssl s_client -connect 127.0.0.1:$PORT.
func soon(ts *testscript.TestScript, _ bool, args []string) {
	limit, err := time.ParseDuration(args[0])
	ts.Check(err)
	for deadline := time.Now().Add(limit); ; time.Sleep(50 * time.Millisecond) {
		err := ts.Exec(args[1], args[2:]...)
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			ts.Fatalf("%s: not within %s: %v", strings.Join(args[1:], " "), limit, err)
		}
	}
}

// freePort is a TCP port that nobody listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, errors.Join(err, l.Close())
}

// setTrust sets TRUST to the trust fingerprint of ./ca.
func setTrust(ts *testscript.TestScript, _ bool, _ []string) {
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
	checkKeys(ts, top, want)
	list, _ := top["items"].([]any)
	for _, item := range list {
		checkKeys(ts, item.(map[string]any), items)
	}
}

func checkKeys(ts *testscript.TestScript, object map[string]any, keys map[string]bool) {
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

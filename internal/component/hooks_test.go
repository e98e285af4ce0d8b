package component

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/durable/durabletest"
)

// script writes a program of the test's own.
func (w *world) script(t *testing.T, name, body string) string {
	t.Helper()
	must(t, os.MkdirAll(w.path("bin"), 0o755))
	path := w.path("bin", name)
	must(t, os.WriteFile(path, []byte("#!/bin/sh\n"+body+"\n"), 0o755))
	return path
}

func (w *world) hooks(t *testing.T, hooks string) {
	t.Helper()
	text := "apiVersion: ca-exchange/v1\nkind: Hooks\nhooks:\n" + hooks
	must(t, os.WriteFile(w.path("host", "component-admin", hooksFile), []byte(text), 0o600))
}

// recorder is a hook that appends one line with its reason for each of its runs, and keeps its input.
func (w *world) recorder(t *testing.T) {
	t.Helper()
	program := w.script(t, "record", fmt.Sprintf(`cat >%s; echo "$CA_EXCHANGE_HOOK $CA_EXCHANGE_REASON $*" >>%s`,
		w.path("input"), w.path("runs")))
	w.hooks(t, "- name: web\n  profiles: [server]\n  run: ["+program+", one, \"two $HOME; words\"]\n")
}

func (w *world) runs(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(w.path("runs"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}

func TestApply(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.recorder(t)
	s := w.request(t)
	w.answer(t, s)
	w.sync(t, SyncOptions{})
	for range 2 { // the second one has nothing to do
		_, err := w.open(t).Apply(t.Context())
		must(t, err)
		if got := w.runs(t); got != "web first one two $HOME; words\n" {
			t.Fatalf("%q", got)
		}
	}
	s, err := w.open(t).state(s.ID)
	must(t, err)
	if s.Apply.State != ApplyDone || strings.Join(s.Apply.Hooks, "") != "web" {
		t.Errorf("%+v", s.Apply)
	}
	var input HookInput
	must(t, json.Unmarshal(w.read(t, "input"), &input))
	want := HookItem{
		Profile: "server", Certificate: w.path("host", "pki/www.crt"), Key: w.path("host", "pki/www.key"),
		NewSerial: s.Serial, NotAfter: s.NotAfter,
	}
	if input.Kind != "HookInput" || len(input.Items) != 1 || input.Items[0] != want {
		t.Errorf("%+v, not %+v", input, want)
	}
}

func TestApplyWithoutHooks(t *testing.T) {
	t.Parallel()
	w, s := installed(t)
	results, err := w.open(t).Apply(t.Context())
	must(t, err)
	if s, err = w.open(t).state(s.ID); err != nil || len(results) != 0 || s.Apply.State != ApplyNone {
		t.Errorf("%+v, %v", s.Apply, err)
	}
}

// TestHookFails: again at each Apply, until it ends with 0; the other hooks run all the same, once.
func TestHookFails(t *testing.T) {
	t.Parallel()
	w, s := installed(t)
	fails := w.script(t, "fails", "echo why; test -e "+w.path("mended"))
	fine := w.script(t, "fine", "echo x >>"+w.path("runs"))
	w.hooks(t, "- {name: a, profiles: [server], run: ["+fails+"]}\n- {name: b, profiles: [server], run: ["+fine+"]}\n")
	for i := range 3 {
		results, err := w.open(t).Apply(t.Context())
		must(t, err)
		if results[0].Err == nil || string(results[0].Output) != "why\n" {
			t.Errorf("%+v", results)
		}
		now, err := w.open(t).state(s.ID)
		must(t, err)
		if now.Apply.State != ApplyPending || now.Apply.Attempts != i+1 || now.Apply.Error == "" {
			t.Errorf("%+v", now.Apply)
		}
	}
	must(t, os.WriteFile(w.path("mended"), nil, 0o644))
	_, err := w.open(t).Apply(t.Context())
	must(t, err)
	if now, err := w.open(t).state(s.ID); err != nil || now.Apply.State != ApplyDone || now.Apply.Error != "" {
		t.Errorf("%+v, %v", now.Apply, err)
	}
	if w.runs(t) != "x\n" {
		t.Errorf("the other hook ran %q", w.runs(t))
	}
}

// TestHookTimeout: the whole group ends, children too, and output beyond the bound is passed over.
func TestHookTimeout(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	slow := w.script(t, "slow", "head -c 200000 /dev/zero; (sleep 1; touch "+w.path("survived")+") & wait")
	w.hooks(t, "- {name: slow, profiles: [server], run: ["+slow+"], timeout: 300ms}\n")
	results, err := w.open(t).Apply(t.Context())
	must(t, err)
	if results[0].Err == nil || results[0].Err.Error() != `hook "slow" was ended after 300ms` ||
		len(results[0].Output) != hookOutput {
		t.Errorf("%v, %d bytes", results[0].Err, len(results[0].Output))
	}
	time.Sleep(1200 * time.Millisecond)
	if _, err := os.Stat(w.path("survived")); err == nil {
		t.Error("a child outlived its hook")
	}
}

func TestHooksRefused(t *testing.T) {
	t.Parallel()
	w, _ := installed(t)
	good := w.script(t, "good", "true")
	for _, c := range []struct {
		name, hooks, want string
		change            func(t *testing.T)
	}{
		{"shell", "- {name: a, profiles: [server], run: [\"systemctl restart x\"]}", "absolute path of a program", nil},
		{"no program", "- {name: a, profiles: [server], run: []}", "absolute path of a program", nil},
		{"nothing to run for", "- {name: a, run: [" + good + "]}", "names no profiles, issuers or crls", nil},
		{"no such issuer of a CRL", "- {name: a, profiles: [server], crls: [kubernetes], run: [" + good + "]}",
			`no issuer "kubernetes"`, nil},
		{"no such issuer", "- {name: a, issuers: [etcd], run: [" + good + "]}", `no issuer "etcd"`, nil},
		{"twice", "- {name: a, profiles: [x], run: [/bin/true]}\n- {name: a, profiles: [x], run: [/bin/true]}",
			"another hook has this name", nil},
		{"name", "- {name: \"a b\", profiles: [x], run: [/bin/true]}", "a name is at most 64", nil},
		{"timeout", "- {name: a, profiles: [x], run: [/bin/true], timeout: soon}", `"soon" is not a duration`, nil},
		{"unknown key", "- {name: a, profiles: [x], run: [/bin/true], shell: true}", "unknown field", nil},
		{"file others may write", "- {name: a, profiles: [server], run: [" + good + "]}", "others may write it",
			func(t *testing.T) { must(t, os.Chmod(w.path("host", "component-admin", hooksFile), 0o666)) }},
		{"program others may write", "- {name: a, profiles: [server], run: [" + good + "]}", "others may write it",
			func(t *testing.T) { must(t, os.Chmod(good, 0o777)) }},
		{"directory others may write", "- {name: a, profiles: [server], run: [" + good + "]}", "others may write it",
			func(t *testing.T) { must(t, os.Chmod(filepath.Dir(good), 0o777)) }},
		{"link to what others may write", "- {name: a, profiles: [server], run: [" + w.path("link") + "]}",
			"others may write it", func(t *testing.T) {
				must(t, errors.Join(os.Symlink(good, w.path("link")), os.Chmod(good, 0o777)))
			}},
		{"missing", "- {name: a, profiles: [server], run: [/nowhere/at/all]}", "no such file", nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			w.hooks(t, c.hooks+"\n")
			must(t, errors.Join(os.Chmod(w.path("host", "component-admin", hooksFile), 0o600), os.Chmod(good, 0o755)))
			must(t, os.Chmod(filepath.Dir(good), 0o755))
			if c.change != nil {
				c.change(t)
			}
			results, err := w.open(t).Apply(t.Context())
			for _, r := range results {
				err = errors.Join(err, r.Err)
			}
			if !errors.Is(err, ErrHooks) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%v", err)
			}
			if pending, err := w.open(t).pending(); err != nil || len(pending.states) != 1 {
				t.Errorf("%d are pending, %v", len(pending.states), err)
			}
		})
	}
}

// TestHookOfAnother: files of another user are nobody's hooks.
func TestHookOfAnother(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	w, _ := installed(t)
	theirs := w.script(t, "theirs", "true")
	must(t, os.Chown(theirs, 12345, 12345))
	w.hooks(t, "- {name: a, profiles: [server], run: ["+theirs+"]}\n")
	results, err := w.open(t).Apply(t.Context())
	must(t, err)
	if !errors.Is(results[0].Err, ErrHooks) {
		t.Errorf("%v", results[0].Err)
	}
}

// TestHookNotLost stops the machine at each change of an installation and of the hook that follows. Afterwards a boot
// without an exchange (SyncLocal, Apply) or the next Sync installs the new pair, and the hook has run for it.
func TestHookNotLost(t *testing.T) {
	step := stride()
	for at, crashed := 1, true; crashed; at += step {
		w := newWorld(t)
		program := w.script(t, "record", `echo "$CA_EXCHANGE_HOOK" >>`+w.path("runs"))
		w.hooks(t, "- {name: web, profiles: [server], run: ["+program+"]}\n"+
			"- {name: trust, issuers: [ca], run: ["+program+"]}\n")
		s := w.request(t)
		w.sync(t, SyncOptions{})
		w.answer(t, s)
		disk := &durabletest.Crashing{System: durable.Kernel{}, At: at}
		back := durable.Swap(disk)
		if c, err := Open(w.path("host"), w.settings()); err == nil {
			w.syncWith(t, c)
			c.Apply(t.Context())
			c.Close()
		}
		back()
		if crashed = disk.Crashed(); crashed {
			must(t, disk.PowerCut(durabletest.All))
		}
		if at > 200 {
			t.Fatal("it never ends")
		}
		c := w.open(t)
		_, err := c.SyncLocal(t.Context())
		must(t, err)
		w.sync(t, SyncOptions{})
		_, err = c.Apply(t.Context())
		must(t, err)
		w.pair(t, "pki/www.crt", "pki/www.key")
		now, err := c.state(s.ID)
		ran := strings.Contains(w.runs(t), "web\n") && strings.Contains(w.runs(t), "trust\n")
		if err != nil || now.Apply.State != ApplyDone || !ran {
			t.Fatalf("change %d: %+v, %v, the hooks ran %q", at, now.Apply, err, w.runs(t))
		}
	}
}

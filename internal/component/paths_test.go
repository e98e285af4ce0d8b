package component

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"ca-exchange/internal/kube"
)

// mistakes are files config.yaml with a mistake in layout or paths, and what is said of them.
var mistakes = map[string]string{
	"layout: PEM":    `layout "PEM": kubeadm or pem`,
	"layout: [pem]":  "[5:9] ",
	"paths: pki":     "[5:8] paths is not a map of profiles",
	"paths: [admin]": "[5:8] paths is not a map of profiles",
	"paths: {admni: {kubeconfig: a}}": "" +
		`[5:9] paths: "admni" is not a profile whose files have a name of their own`,
	"paths:\n  server: {certificate: a}": "" +
		`[6:3] paths: "server" is not a profile whose files have a name of their own`,
	"paths:\n  admin: {}":                   "[6:3] paths: admin has no files",
	"paths:\n  admin: a.conf":               "[6:10] ",
	"paths:\n  admin: {certificate: [a]}":   "[6:24] ",
	"paths:\n  admin: {file: a}":            `[6:11] unknown field "file"`,
	"paths:\n  admin: {certificate: a.pem}": "[6:3] paths: admin: certificate and key go together",
	"paths:\n  admin: {key: a.pem}":         "[6:3] paths: admin: certificate and key go together",
	"paths:\n  etcd-peer: {kubeconfig: a}":  "[6:3] paths: profile etcd-peer has no kubeconfig",
	"paths:\n  admin: {kubeconfig: ../a}": "" +
		`[6:3] paths: "../a" is neither absolute nor below the component directory`,
	"paths:\n  admin: {kubeconfig: a/../../b}": `[6:3] paths: "a/../../b" is neither absolute nor below the ` +
		"component directory",
	"paths:\n  admin: {kubeconfig: /etc//a}": "" +
		`[6:3] paths: "/etc//a" is neither absolute nor below the component directory`,
	"paths:\n  admin: {kubeconfig: component-admin/identity}": "" +
		`[6:3] paths: "component-admin/identity" is in the private part of the component directory`,
	"paths:\n  admin: {kubeconfig: component-admin}": `[6:3] paths: "component-admin" is in the private part of the ` +
		"component directory",
	"paths:\n  etcd-peer: {certificate: a, key: a}": "[6:3] paths: a of etcd-peer is a file of etcd-peer, too",
	"paths:\n  admin: {kubeconfig: a}\n  super-admin: {kubeconfig: a}": "" +
		"[7:3] paths: a of super-admin is a file of admin, too",
	"paths:\n  admin: {kubeconfig: a}\n  admin: {kubeconfig: b}": "[7:3] ",
	"paths:\n  admin: {kubeconfig: DIR/component-admin/identity}": "" +
		`paths: "component-admin/identity" is in the private part of the component directory`,
	"paths:\n  admin: {kubeconfig: DIR/a}\n  super-admin: {kubeconfig: a}": "" +
		"paths: a of super-admin is a file of admin, too",
	"path:\n  admin: {kubeconfig: a}": `[5:1] unknown field "path"`,
}

// TestPathsAreStrict: what is wrong with a setting is said with line and column, before anything is asked.
func TestPathsAreStrict(t *testing.T) {
	h := hostOf(t, joinFile)
	h.setUp()
	file := filepath.Join(h.Path, privateDir, configFile)
	good, err := os.ReadFile(file)
	must(t, err)
	if lines := strings.Count(string(good), "\n"); lines != 4 {
		t.Fatalf("the configuration has %d lines:\n%s", lines, good)
	}
	for added, want := range mistakes {
		text := string(good) + strings.ReplaceAll(added, "DIR", h.Path) + "\n"
		must(t, os.WriteFile(file, []byte(text), 0o600))
		c, err := Open(h.Path, h.Component.Settings)
		if err == nil {
			c.Close()
		}
		if got := fmt.Sprint(err); !strings.Contains(got, want) {
			t.Errorf("%q:\n got %s\nwant %s", added, got, want)
		}
	}
}

// TestPathsAreKept: a setting changes no other, and paths lead each profile's files where they say.
func TestPathsAreKept(t *testing.T) {
	h := hostOf(t, joinFile)
	h.setUp()
	file := filepath.Join(h.Path, privateDir, configFile)
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, append(text, `layout: pem
paths:
  admin: {certificate: admin.pem, key: admin-key.pem, kubeconfig: /root/.kube/config}
  etcd-peer: {certificate: /etc/etcd/peer.pem, key: `+h.Path+`/keys/peer.pem}
`...), 0o600))
	c, err := Open(h.Path, h.Component.Settings)
	must(t, err)
	defer c.Close()
	must(t, c.Configure(Config{Renew: "60d"}))
	l := Layout{PEM: c.Config.Layout == LayoutPEM, Certificates: ".", Paths: c.Paths.Below(c.Path())}
	for profile, want := range map[string]string{
		"admin":       "[admin.pem admin-key.pem /root/.kube/config] admin.pem",
		"etcd-peer":   "[/etc/etcd/peer.pem keys/peer.pem] /etc/etcd/peer.pem",
		"etcd-server": "[etcd-server.pem etcd-server-key.pem] etcd-server.pem",
	} {
		p, _ := kube.Find(kube.Latest(), profile)
		if f := l.Files(p); fmt.Sprint(f.paths(), " ", f.Place()) != want {
			t.Errorf("%s: got %v %s, want %s", profile, f.paths(), f.Place(), want)
		}
	}
	must(t, c.Configure(Config{Layout: LayoutKubeadm}))
	if c.Config.Layout != "" || len(c.Paths) != 2 {
		t.Errorf("kubeadm's layout again: %q %v", c.Config.Layout, c.Paths)
	}
}

// TestDocumentedPaths: the example of docs/hard-way.md is one.
func TestDocumentedPaths(t *testing.T) {
	page, err := os.ReadFile("../../docs/hard-way.md")
	must(t, err)
	_, rest, _ := strings.Cut(string(page), "```yaml\n")
	example, _, _ := strings.Cut(rest, "```")
	h := hostOf(t, joinFile)
	h.setUp()
	file := filepath.Join(h.Path, privateDir, configFile)
	text, err := os.ReadFile(file)
	must(t, err)
	must(t, os.WriteFile(file, append(text, example...), 0o600))
	c, err := Open(h.Path, h.Component.Settings)
	must(t, err)
	defer c.Close()
	if got := strings.Join(c.Paths.Profiles(), " "); got != "admin apiserver-etcd-client kube-scheduler" {
		t.Errorf("the example names %q", got)
	}
}

package e2e_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const chinesePage = "../docs/README.zh-CN.md"

// openssl's.
func TestChineseSession(t *testing.T) {
	t.Parallel()
	long(t)
	needs(t, "openssl")
	x := &exchange{T: t, dir: t.TempDir(), bin: build(t)}
	x.follow(chinesePage, session(t, chinesePage, "一次完整的交换"))
	ran := 0
	for _, line := range indented(t, chinesePage, "openssl 生成的请求") {
		command, _ := strings.CutPrefix(line, "$ ")
		if strings.Contains(command, "c16ef395a9355c81") {
			command = strings.ReplaceAll(command, "c16ef395a9355c81", x.id("server")[:16])
		}
		words := strings.Fields(command)
		x.run(0, words[0], words[1:]...)
		ran++
	}
	if ran < 7 {
		t.Errorf("the page has only %d commands for a request of openssl's", ran)
	}
}

// TestChineseCommands: with a stick and after all has expired, the page has the README's commands, which tests run.
func TestChineseCommands(t *testing.T) {
	text, err := os.ReadFile(chinesePage)
	must(t, err)
	before, _, _ := strings.Cut(string(text), "\n## ")
	_, after, _ := strings.Cut(string(text), "\n## U 盘\n")
	stick, _, _ := strings.Cut(after, "\n## ")
	command := regexp.MustCompile(`(?m)^    \S.*\$ ((?:ca|component)-admin .*?)(?: +#.*)?$`)
	for section, want := range map[string][]string{before: readmeRecovery(t), stick: airGap(t)} {
		var got []string
		for _, match := range command.FindAllStringSubmatch(section, -1) {
			got = append(got, strings.TrimSpace(match[1]))
		}
		for i := range want {
			want[i] = strings.TrimSpace(want[i])
		}
		if !slices.Equal(got, want) {
			t.Errorf("the page has %q, the README %q", got, want)
		}
	}
}

// TestChineseCluster runs the page's commands for a whole cluster. Eleven certificates are issued by policy, two after
// a person's word, and the doctor is content.
func TestChineseCluster(t *testing.T) {
	t.Parallel()
	long(t)
	x := &exchange{T: t, dir: t.TempDir(), bin: build(t)}
	config, err := os.ReadFile("testdata/kubeadm.yaml")
	must(t, err)
	must(t, os.WriteFile(x.path("..", "kubeadm.yaml"), config, 0o644))
	lines := indented(t, chinesePage, "整个集群")
	if len(lines) != 5 {
		t.Fatalf("the page's commands are %q", lines)
	}
	host := strings.NewReplacer("/etc/kubernetes", "host", "--wait 10m", "")
	for i, line := range lines {
		words := strings.Fields(host.Replace(line))
		if i == 4 { // between the request and the doctor
			x.ca(0, "sync")
			issued := strings.Count(x.run(3, "component-admin", "--dir", "host", "sync"), "installed ")
			if ids := x.heldIDs(); issued != 11 || len(ids) != 2 {
				t.Errorf("%d are issued by policy, %d are held", issued, len(ids))
			} else {
				x.ca(0, "approve", ids[0], ids[1], "--yes")
			}
			x.run(0, "component-admin", "--dir", "host", "sync")
		}
		for j, word := range words {
			if word == "sha256:…" {
				words[j] = x.trust()
			}
		}
		x.run(0, words[0], words[1:]...)
		if i == 1 { // as the file travels to the CA's host
			x.run(0, "cp", "host/component-admin/identity.pub", ".")
		}
	}
}

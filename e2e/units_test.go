package e2e_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// units copies the units into a directory, with a program in the place of ours, and gives their names.
func units(t *testing.T) (dir string, names []string) {
	t.Helper()
	needs(t, "systemd-analyze")
	dir = t.TempDir()
	files, err := filepath.Glob("../contrib/systemd/*")
	must(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		must(t, err)
		program := regexp.MustCompile(`/usr/bin/(ca|component)-admin`).ReplaceAllString(string(text), "/bin/true")
		must(t, os.WriteFile(filepath.Join(dir, filepath.Base(file)), []byte(program), 0o644))
		names = append(names, filepath.Base(file))
	}
	return dir, names
}

// TestUnits: systemd takes the units without a word.
func TestUnits(t *testing.T) {
	t.Parallel()
	dir, names := units(t)
	want := []string{
		"ca-admin.service", "ca-admin@.service", "component-admin-finish.service", "component-admin-renew.service",
		"component-admin-renew.timer",
	}
	if !slices.Equal(names, want) {
		t.Fatalf("%v, not %v", names, want)
	}
	verify := exec.Command("systemd-analyze", append([]string{"verify"}, names...)...)
	verify.Dir = dir
	verify.Env = append(os.Environ(), "SYSTEMD_UNIT_PATH="+dir+":")
	if out, err := verify.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}

// TestUnitTemplate: the unit for several clusters on one host differs from that for one in its paths only.
func TestUnitTemplate(t *testing.T) {
	t.Parallel()
	one, err := os.ReadFile("../contrib/systemd/ca-admin.service")
	must(t, err)
	template, err := os.ReadFile("../contrib/systemd/ca-admin@.service")
	must(t, err)
	_, want, _ := strings.Cut(string(one), "[Unit]")
	_, got, _ := strings.Cut(string(template), "[Unit]")
	paths := strings.NewReplacer("/var/lib/ca-admin/%i", "/var/lib/ca-admin/ca", "/srv/exchange-%i", "/srv/exchange",
		" of %i\n", "\n")
	if strings.Count(got, "%i") < 5 || paths.Replace(got) != want {
		t.Errorf("ca-admin@.service is not ca-admin.service with other paths:\n%s", paths.Replace(got))
	}
}

// TestUnitExposure: what a broken ca-admin could reach on its host, by systemd's own measure from 0 to 10.
func TestUnitExposure(t *testing.T) {
	t.Parallel()
	dir, _ := units(t)
	out, err := exec.Command("systemd-analyze", "security", "--offline=true", "--no-pager",
		filepath.Join(dir, "ca-admin.service")).CombinedOutput()
	must(t, err)
	found := regexp.MustCompile(`Overall exposure level for ca-admin.service: ([0-9.]+)`).FindSubmatch(out)
	if found == nil {
		t.Fatalf("%s", out)
	}
	if level, err := strconv.ParseFloat(string(found[1]), 64); err != nil || level > 1.0 {
		t.Errorf("the exposure is %s, more than 1.0:\n%s", found[1], out)
	}
}

// TestUnitSystemCalls: a watch that serves makes no system call that its unit forbids.
func TestUnitSystemCalls(t *testing.T) {
	t.Parallel()
	needs(t, "systemd-analyze", "strace")
	x := newUnprivileged(t, "--trust-inbox")
	trace := filepath.Join(x.dir, "trace")
	w := x.watch([]string{"strace", "-f", "-qq", "-o", trace}, "--poll", "100ms")
	w.serves()
	time.Sleep(200 * time.Millisecond) // a round in which nothing happens
	must(t, exec.Command("pkill", "-TERM", "-P", strconv.Itoa(w.command.Process.Pid)).Run())
	w.command.Wait()
	text, err := os.ReadFile(trace)
	must(t, err)
	unit, err := os.ReadFile("../contrib/systemd/ca-admin.service")
	must(t, err)
	allowed := systemCalls(t, string(unit))
	calls := regexp.MustCompile(`(?m)^\d+ +([a-z_0-9]+)\(`).FindAllStringSubmatch(string(text), -1)
	if len(calls) < 1000 {
		t.Errorf("the trace has %d calls only", len(calls))
	}
	for _, call := range calls {
		if name := call[1]; !allowed[name] {
			t.Errorf("the unit forbids %s, which the watch needs", name)
			allowed[name] = true // once is enough
		}
	}
}

// systemCalls are what a unit's SystemCallFilter= lines leave.
func systemCalls(t *testing.T, unit string) map[string]bool {
	t.Helper()
	out, err := exec.Command("systemd-analyze", "syscall-filter", "--no-pager").CombinedOutput()
	must(t, err)
	sets := map[string][]string{}
	set := ""
	for line := range strings.Lines(string(out)) {
		switch word := strings.TrimSpace(line); {
		case word == "" || strings.HasPrefix(word, "#"):
		case strings.HasPrefix(line, "@"):
			set = word
		case strings.HasPrefix(line, " "):
			sets[set] = append(sets[set], word)
		}
	}
	allowed := map[string]bool{"execve": true} // systemd's own, into the program
	var mark func(name string, to bool)
	mark = func(name string, to bool) {
		if !strings.HasPrefix(name, "@") {
			allowed[name] = to
		}
		for _, member := range sets[name] {
			mark(member, to)
		}
	}
	for _, match := range regexp.MustCompile(`(?m)^SystemCallFilter=(~?)(.*)$`).FindAllStringSubmatch(unit, -1) {
		for _, name := range strings.Fields(match[2]) {
			mark(name, match[1] == "")
		}
	}
	return allowed
}

package cli

import (
	"runtime/debug"
	"testing"
)

// TestVersion: each way of building names the version, the commit and Go.
func TestVersion(t *testing.T) {
	const hash = "0123456789abcdef0123456789abcdef01234567"
	vcs := []debug.BuildSetting{{Key: "vcs.revision", Value: hash}, {Key: "vcs.time", Value: "2026-11-25T18:30:50Z"}}
	altered := append(vcs[:2:2], debug.BuildSetting{Key: "vcs.modified", Value: "true"})
	for _, c := range []struct {
		name, release, commit, module string
		settings                      []debug.BuildSetting
		want                          string
	}{
		{"packaged, tagged", "1.2.3", hash, "(devel)", nil, "p 1.2.3, commit " + hash + ", go1"},
		{"go build at a tag", "", "", "v1.2.3", vcs, "p 1.2.3, commit " + hash + ", go1"},
		{"go build without a tag", "", "", "v0.0.0-20261125183050-0123456789ab", vcs,
			"p 2026-11-25-0123456789ab, commit " + hash + ", go1"},
		{"go build after a tag", "", "", "v1.2.4-0.20261125183050-0123456789ab+dirty", altered,
			"p 2026-11-25-0123456789ab-altered, commit " + hash + ", go1"},
		{"go build, older Go", "", "", "(devel)", vcs, "p 2026-11-25-0123456789ab, commit " + hash + ", go1"},
		{"go install without a tag", "", "", "v0.0.0-20261125183050-0123456789ab", nil,
			"p 2026-11-25-0123456789ab, commit 0123456789ab, go1"},
		{"not from git", "", "", "(devel)", nil, "p unknown, commit unknown, go1"},
	} {
		b := build{release: c.release, commit: c.commit, goVersion: "go1"}
		b.read(&debug.BuildInfo{Main: debug.Module{Version: c.module}, Settings: c.settings})
		if got := b.line("p"); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
	}
}

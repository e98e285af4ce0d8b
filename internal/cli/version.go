package cli

import (
	"cmp"
	"regexp"
	"runtime"
	"runtime/debug"
	"strings"
)

// release and commit are what packaging/build.sh links in: the tag's version without its v, and the whole commit. They
// are empty in every other build, which has what the Go tool wrote into the binary.
var release, commit string

// Version is the line that --version prints: program, version, commit and Go. Without a tag the version is the commit's
// date and hash.
func Version(program string) string {
	b := build{release: release, commit: commit, goVersion: runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		b.read(info)
	}
	return b.line(program)
}

// build is what is known of how this binary was made; every field but goVersion may be empty.
type build struct {
	release   string // 1.2.3, of a tag
	commit    string // in hex
	date      string // 2026-11-25, when the commit was made, UTC
	altered   bool   // the source differed from the commit
	goVersion string
}

// pseudo is the end of a version that the Go tool makes of a commit which no tag names: its time, its hash.
var pseudo = regexp.MustCompile(`[-.](\d{4})(\d\d)(\d\d)\d{6}-([0-9a-f]{12})$`)

// read takes over what the Go tool knows and the linker was not given.
func (b *build) read(info *debug.BuildInfo) {
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = cmp.Or(b.commit, s.Value)
		case "vcs.time":
			b.date, _, _ = strings.Cut(s.Value, "T")
		case "vcs.modified":
			b.altered = s.Value == "true"
		}
	}
	version, _, _ := strings.Cut(info.Main.Version, "+")
	if m := pseudo.FindStringSubmatch(version); m != nil { // also go install, which knows no more than this
		b.date, b.commit = cmp.Or(b.date, m[1]+"-"+m[2]+"-"+m[3]), cmp.Or(b.commit, m[4])
	} else if version != "(devel)" {
		b.release = cmp.Or(b.release, strings.TrimPrefix(version, "v"))
	}
}

func (b *build) line(program string) string {
	hash := b.commit[:min(12, len(b.commit))]
	version := b.release
	if version == "" {
		version = strings.Trim(b.date+"-"+hash, "-")
	}
	if b.altered && version != "" {
		version += "-altered"
	}
	return program + " " + cmp.Or(version, "unknown") + ", commit " + cmp.Or(b.commit, "unknown") + ", " + b.goVersion
}

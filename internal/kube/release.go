package kube

import (
	"fmt"
	"strconv"
	"strings"
)

// The releases whose facts are known.
const (
	oldestMinor = 25
	newestMinor = 37
)

// Newest is the patch of a release given without one: whatever patch is the newest of its minor.
const Newest = 1 << 30

// Release is Kubernetes 1.Minor.Patch.
type Release struct{ Minor, Patch int }

// Latest is the newest release whose facts are known: what a cluster that says nothing is taken for.
func Latest() Release { return Release{newestMinor, Newest} }

// ParseRelease reads "1.34", "v1.34" or "v1.37.2", with or without a suffix such as "-rc.1" or "+k3s1", which
// changes no certificate. A bare minor means its newest patch.
func ParseRelease(s string) (Release, error) {
	number, _, _ := strings.Cut(strings.TrimPrefix(s, "v"), "+")
	number, _, _ = strings.Cut(number, "-")
	parts := strings.Split(number, ".")
	if len(parts) < 2 || len(parts) > 3 || parts[0] != "1" {
		return Release{}, fmt.Errorf("%q is not a Kubernetes release (examples: 1.%d, v1.%[2]d.2)", s, newestMinor)
	}
	r := Release{Patch: Newest}
	for i, field := range []*int{&r.Minor, &r.Patch}[:len(parts)-1] {
		n, err := strconv.ParseUint(parts[i+1], 10, 16)
		if err != nil {
			return Release{}, fmt.Errorf("%q is not a Kubernetes release (examples: 1.%d, v1.%[2]d.2)", s, newestMinor)
		}
		*field = int(n)
	}
	if r.Minor < oldestMinor || r.Minor > newestMinor {
		return Release{}, fmt.Errorf("release 1.%d of Kubernetes is not supported: this program knows 1.%d to 1.%d",
			r.Minor, oldestMinor, newestMinor)
	}
	return r, nil
}

// String is "1.34" or "1.37.2"; ParseRelease reads it back.
func (r Release) String() string {
	if r.Patch == Newest {
		return fmt.Sprintf("1.%d", r.Minor)
	}
	return fmt.Sprintf("1.%d.%d", r.Minor, r.Patch)
}

// since says whether a change made in 1.minor.0 is in r.
func (r Release) since(minor int) bool { return r.Minor >= minor }

// sincePatch says whether a change that came to each minor with the given patch is in r; minors above all of
// them have it, minors below all of them never got it.
func (r Release) sincePatch(patches map[int]int) bool {
	if first, ok := patches[r.Minor]; ok {
		return r.Patch >= first
	}
	for minor := range patches {
		if r.Minor < minor {
			return false
		}
	}
	return true
}

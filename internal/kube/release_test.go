package kube

import "testing"

func TestParseRelease(t *testing.T) {
	for in, want := range map[string]string{
		"1.28": "1.28", "v1.37.2": "1.37.2", "1.34": "1.34", "1.25.0": "1.25.0", "v1.37": "1.37",
		"v1.36.0-rc.1": "1.36.0", "v1.33.4+k3s1": "1.33.4", "1.31.2-gke.100+x": "1.31.2",
	} {
		r, err := ParseRelease(in)
		if err != nil || r.String() != want {
			t.Errorf("ParseRelease(%q) = %v, %v; want %s", in, r, err, want)
		}
		if again, err := ParseRelease(r.String()); again != r || err != nil {
			t.Errorf("%s does not read back: %v, %v", r, again, err)
		}
	}
	for in, want := range map[string]string{
		"1.24":                   "release 1.24 of Kubernetes is not supported: this program knows 1.25 to 1.37",
		"v1.38.0":                "release 1.38 of Kubernetes is not supported: this program knows 1.25 to 1.37",
		"":                       `"" is not a Kubernetes release (examples: 1.37, v1.37.2)`,
		"1":                      `"1" is not a Kubernetes release (examples: 1.37, v1.37.2)`,
		"2.30":                   `"2.30" is not a Kubernetes release (examples: 1.37, v1.37.2)`,
		"1.x":                    `"1.x" is not a Kubernetes release (examples: 1.37, v1.37.2)`,
		"1.30.":                  `"1.30." is not a Kubernetes release (examples: 1.37, v1.37.2)`,
		"1.30.-1":                `"1.30.-1" is not a Kubernetes release (examples: 1.37, v1.37.2)`,
		"1.2.3.4":                `"1.2.3.4" is not a Kubernetes release (examples: 1.37, v1.37.2)`,
		"1.99999999999999999999": `"1.99999999999999999999" is not a Kubernetes release (examples: 1.37, v1.37.2)`,
		"stable":                 `"stable" is not a Kubernetes release (examples: 1.37, v1.37.2)`,
	} {
		if r, err := ParseRelease(in); err == nil || err.Error() != want || r != (Release{}) {
			t.Errorf("ParseRelease(%q) = %v, %v; want %s", in, r, err, want)
		}
	}
	if Latest().String() != "1.37" {
		t.Errorf("latest is %s", Latest())
	}
}

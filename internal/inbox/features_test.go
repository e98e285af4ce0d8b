package inbox

import (
	"os"
	"path/filepath"
	"slices"
	"testing"
)

// TestFeatures: what the CA understands is read from the outbox; whatever is wrong with the file, it is a CA of
// version 1.
func TestFeatures(t *testing.T) {
	x := newExchange(t)
	file := filepath.Join(x.Path(), "outbox", FeaturesFile)
	for name, test := range map[string]struct {
		content []byte
		want    []string
	}{
		"renew": {EncodeFeatures(FeatureRenew), []string{FeatureRenew}},
		"none":  {EncodeFeatures(), nil},
		"a newer": {[]byte(`{"apiVersion":"ca-exchange/v1","kind":"Features","features":["renew","x"],"more":1}`),
			[]string{"renew", "x"}},
		"junk":      {[]byte("junk"), nil},
		"a kind":    {[]byte(`{"apiVersion":"ca-exchange/v1","kind":"Exchange","features":["renew"]}`), nil},
		"too large": {append(EncodeFeatures(FeatureRenew), make([]byte, featuresLimit)...), nil},
	} {
		must(t, os.WriteFile(file, test.content, 0o644))
		again, err := Open(x.Path())
		must(t, err)
		if !slices.Equal(again.Features, test.want) {
			t.Errorf("%s: features %q, expected %q", name, again.Features, test.want)
		}
		must(t, again.Close())
	}
	must(t, os.Remove(file))
	again, err := Open(x.Path())
	must(t, err)
	if len(again.Features) != 0 {
		t.Errorf("without the file: %q", again.Features)
	}
	must(t, again.Close())
}

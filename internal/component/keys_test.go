package component

import (
	"testing"

	"ca-exchange/internal/pki"
)

// TestMakeKeys: each wish gets a key of its type, except where the key is in place, made already, or a request is open;
// and Request takes that key.
func TestMakeKeys(t *testing.T) {
	w := newWorld(t)
	w.request(t)
	ask, open := serverAsk(t)
	other, inPlace, made := open, open, open
	other.Files = Files{Certificate: "pki/other.crt", Key: "pki/other.key"}
	inPlace.Files, inPlace.KeyInPlace = Files{Certificate: "pki/in.crt", Key: "pki/in.key"}, true
	key, err := pki.ECDSAP256.Generate()
	must(t, err)
	made.Files, made.Key = Files{Certificate: "pki/made.crt", Key: "pki/made.key"}, key
	wishes := []*Wish{&open, &other, &inPlace, &made}
	c := w.open(t)
	must(t, c.MakeKeys([]string{"server", "server", "server", "server"}, wishes))
	if open.Key != nil || other.Key == nil || inPlace.Key != nil || made.Key != key {
		t.Fatalf("open %v, other %v, in place %v, made %v", open.Key, other.Key, inPlace.Key, made.Key)
	}
	want, err := pki.KeyFingerprint(other.Key.Public())
	must(t, err)
	s, err := c.Request(ask, other)
	must(t, err)
	_, public := w.template(t, s)
	if public == nil {
		w.sync(t, SyncOptions{})
		_, public = w.template(t, s)
	}
	if got, err := pki.KeyFingerprint(public); err != nil || got != want {
		t.Errorf("the request has key %s, %v, not the one that was made: %s", got, err, want)
	}
}

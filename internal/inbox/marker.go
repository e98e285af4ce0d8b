package inbox

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"syscall"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/refusal"
)

// markerFile makes a directory an exchange. Without it an empty mount point would be taken for an exchange that
// nobody has used yet.
const markerFile = "exchange.json"

// What a marker must say.
const (
	apiVersion = refusal.APIVersion
	markerKind = "Exchange"
)

// Marker is the content of exchange.json. Trust is a hint: what is pinned decides. It is empty while the CA's issuers
// wait for their parent. A reader passes over fields that it does not know, so that a newer CA can add some.
type Marker struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	ID         string `json:"id"`
	Trust      string `json:"trust"`
}

// FeaturesFile holds what the CA understands, in the outbox; featuresLimit is the most that is read of it, in bytes. It
// is a file of its own, since a component-admin of version 1 takes no exchange.json with fields that it does not know.
const (
	FeaturesFile  = "features.json"
	featuresKind  = "Features"
	featuresLimit = 4 << 10
)

// features is the content of FeaturesFile.
type features struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Features   []string `json:"features"`
}

// EncodeFeatures is the content of FeaturesFile for a CA that understands these.
func EncodeFeatures(known ...string) []byte {
	b, _ := json.MarshalIndent(features{apiVersion, featuresKind, known}, "", "  ") // strings always encode
	return append(b, '\n')
}

// readFeatures reads FeaturesFile. Whatever is wrong with it, the CA then counts as one of version 1: a request that
// asks for less is understood by all.
func readFeatures(outbox *durable.Dir) []string {
	b, _, err := outbox.Read(FeaturesFile, featuresLimit)
	if err != nil {
		return nil
	}
	var f features
	if json.Unmarshal(b, &f) != nil || f.APIVersion != apiVersion || f.Kind != featuresKind {
		return nil
	}
	return f.Features
}

// What a CA of version 1 does not understand.
const (
	FeatureRenew  = "renew"  // a request with Replaces is a renewal; version 1 holds every such request
	FeatureReport = "report" // host reports are taken out of the inbox; version 1 warns of each as a foreign file
)

// Errors that callers answer with a hint.
var (
	ErrNoExchange  = errors.New("no such directory")
	ErrNotExchange = errors.New("not an exchange: no exchange.json of ca-exchange/v1 in it")
	ErrTrust       = errors.New("the exchange belongs to another CA")
)

func readMarker(dir *durable.Dir) (Marker, error) {
	b, _, err := dir.Read(markerFile, Limit)
	if err != nil {
		return Marker{}, err
	}
	var m Marker
	dec := json.NewDecoder(bytes.NewReader(b))
	if err := dec.Decode(&m); err != nil {
		return Marker{}, fmt.Errorf("%w: %s: %w", ErrNotExchange, markerFile, err)
	}
	if dec.More() {
		return Marker{}, fmt.Errorf("%w: something follows in %s", ErrNotExchange, markerFile)
	}
	if m.APIVersion != apiVersion || m.Kind != markerKind || m.ID == "" {
		return Marker{}, fmt.Errorf("%w: %s has apiVersion %+q, kind %+q, id %+q, not %q, %q and an id",
			ErrNotExchange, markerFile, m.APIVersion, m.Kind, m.ID, apiVersion, markerKind)
	}
	return m, nil
}

// Announce writes the trust of a CA whose issuers waited for their parent when the exchange was made. The outbox's
// marker counts; where the inbox comes on a medium of its own and cannot be written, its marker stays as it is.
func (x *Exchange) Announce(trust string) error {
	announced := x.Marker
	announced.Trust = trust
	if err := x.out.root.Replace(markerFile, announced.encode(), publicFile); err != nil {
		return err
	}
	x.Marker = announced
	if asked, err := readMarker(x.in.root); err == nil && asked.Trust == "" {
		asked.Trust = trust
		return unlessReadOnly(x.in.root.Replace(markerFile, asked.encode(), publicFile))
	}
	return nil
}

func unlessReadOnly(err error) error {
	if errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return nil
	}
	return err
}

func (m Marker) encode() []byte {
	b, _ := json.MarshalIndent(m, "", "  ") // strings always encode
	return append(b, '\n')
}

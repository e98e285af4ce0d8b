package refusal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"
)

// APIVersion stands in every file of the exchange that is not PEM.
const APIVersion = "ca-exchange/v1"

// Notice is an answer that is no certificate: NAME.held.json or NAME.denied.json. It is unsigned: whoever can
// write the outbox can write one, so its reader believes nothing of it but the codes' own meaning.
type Notice struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    string    `json:"request"`
	Status     string    `json:"status"` // "Held" or "Denied"
	Reason     string    `json:"reason"` // TitleCase, as Kubernetes' conditions have it
	Message    string    `json:"message"`
	Refusals   []Refusal `json:"refusals"`
	Time       time.Time `json:"time"`
}

// Encode gives the notice's bytes: one indented JSON object and a LF.
func (n Notice) Encode() ([]byte, error) {
	n.APIVersion, n.Kind, n.Time = APIVersion, "Answer", n.Time.UTC().Truncate(time.Second)
	if n.Refusals == nil {
		n.Refusals = []Refusal{}
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(n)
	return b.Bytes(), err
}

// ParseNotice reads a notice strictly; an unknown code stays readable, its meaning is then unknown.
func ParseNotice(b []byte) (Notice, error) {
	var n Notice
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&n); err != nil {
		return Notice{}, fmt.Errorf("reading a notice: %w", err)
	}
	if n.APIVersion != APIVersion || n.Kind != "Answer" || (n.Status != "Held" && n.Status != "Denied") {
		return Notice{}, fmt.Errorf("not a notice of %s", APIVersion)
	}
	if dec.More() {
		return Notice{}, fmt.Errorf("something follows the notice")
	}
	return n, nil
}

package refusal

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Notice is an answer that is not a certificate: NAME.held.json or NAME.denied.json. It is unsigned: whoever can
// write the outbox can write one, so its reader believes only the codes' own meanings.
type Notice struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"`
	Request    string    `json:"request"`         // the request id, or the refused id where no request could be read
	Bytes      string    `json:"bytes,omitempty"` // SHA-256 of the entry, hex; "" in notices of older releases
	Status     string    `json:"status"`          // "Held" or "Denied"
	Reason     string    `json:"reason"`          // TitleCase, as Kubernetes' conditions have it
	Message    string    `json:"message"`
	Refusals   []Refusal `json:"refusals"`
	Time       time.Time `json:"time"`
}

// Encode returns the notice's bytes: one indented JSON object and a LF, of at most MaxEntry bytes, since nobody reads a
// larger file. It lists at most 32 refusals, denials first; the message says how many are left out.
func (n Notice) Encode() ([]byte, error) {
	n.APIVersion, n.Kind, n.Time = APIVersion, "Answer", n.Time.UTC().Truncate(time.Second)
	all, message := gravestFirst(n.Refusals), n.Message
	for shown := min(len(all), maxFindings); ; shown-- {
		n.Refusals, n.Message = all[:shown], message
		if left := len(all) - shown; left > 0 {
			n.Message += fmt.Sprintf(" (%d more refusals are not listed)", left)
		}
		b, err := n.encode()
		if err != nil || len(b) <= MaxEntry {
			return b, err
		}
		if shown == 0 { // the message alone is too long: a person's reason
			n.Message = strings.ToValidUTF8(n.Message[:maxMessage], "") + "…"
			return n.encode()
		}
	}
}

// maxMessage is what is kept of a message that does not fit otherwise, in bytes: JSON writes a byte as six at most.
const maxMessage = 8 << 10

// gravestFirst puts denials before the rest where not all refusals will be listed.
func gravestFirst(refusals []Refusal) []Refusal {
	all := append([]Refusal{}, refusals...)
	if len(all) > maxFindings {
		slices.SortStableFunc(all, func(a, b Refusal) int { return int(b.Code.Outcome() - a.Code.Outcome()) })
	}
	return all
}

func (n Notice) encode() ([]byte, error) {
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

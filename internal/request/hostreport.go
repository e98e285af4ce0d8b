package request

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"regexp"
	"time"

	"golang.org/x/crypto/ssh"

	"ca-exchange/internal/refusal"
)

// HostReport is what a component's host says of itself: what is installed there. Its requester signs it; nothing is
// issued or decided by it.
type HostReport struct {
	APIVersion string       `json:"apiVersion"`
	Kind       string       `json:"kind"`
	Requester  string       `json:"requester"`
	Node       string       `json:"node"`  // lower case
	Trust      string       `json:"trust"` // the fingerprint that the host pinned
	Time       time.Time    `json:"time"`  // by the host's clock
	Program    string       `json:"program"`
	Items      []ReportItem `json:"items"`
	More       int          `json:"more,omitempty"` // items that had no room
	CRLs       []ReportCRL  `json:"crls"`
}

// ReportItem is a certificate that lies in its place on the host.
type ReportItem struct {
	Place       string    `json:"place"` // the file
	Profile     string    `json:"profile"`
	Fingerprint string    `json:"fingerprint"`
	NotAfter    time.Time `json:"notAfter"`
	Due         time.Time `json:"due"`
	Applied     string    `json:"applied"` // of its hooks: Pending, Done, None; "" where nothing is known
	Wire        string    `json:"wire"`    // fingerprint of what the component serves; "" where nothing answered
}

// ReportCRL is a CRL that lies in its place on the host.
type ReportCRL struct {
	Issuer     string    `json:"issuer"`
	Number     *big.Int  `json:"number"`
	NextUpdate time.Time `json:"nextUpdate"`
}

const (
	reportKind = "HostReport"

	// signatureRoom is what a signature needs at most below a report, in bytes: RSA of 8192 bits, armored.
	signatureRoom = 8 << 10
	maxProgram    = 100
	crlNumberBits = 160 // RFC 5280 5.2.3
)

// appliedForm is how far the hooks of an installed certificate are.
var appliedForm = regexp.MustCompile(`^(?:Pending|Done|None)?$`)

// fingerprintForm is a SHA-256 in hex.
var fingerprintForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Encode writes the report without its signature: one indented JSON object and a LF. Where not all items have room, the
// last ones are left out and counted.
func (r HostReport) Encode() ([]byte, error) {
	r = r.normal()
	for {
		text, err := r.encode()
		if err != nil || len(text) <= refusal.MaxEntry-signatureRoom {
			return text, err
		}
		if len(r.Items) == 0 {
			return nil, errors.New("a host report without items is too large")
		}
		left := (len(r.Items) + 9) / 10 // a tenth at a time
		r.Items, r.More = r.Items[:len(r.Items)-left], r.More+left
	}
}

// normal is the report in the form in which it is written: times in whole seconds of UTC, no list null.
func (r HostReport) normal() HostReport {
	second := func(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
	r.APIVersion, r.Kind, r.Time = refusal.APIVersion, reportKind, second(r.Time)
	r.Items, r.CRLs = append([]ReportItem{}, r.Items...), append([]ReportCRL{}, r.CRLs...)
	for i := range r.Items {
		r.Items[i].NotAfter, r.Items[i].Due = second(r.Items[i].NotAfter), second(r.Items[i].Due)
	}
	for i := range r.CRLs {
		r.CRLs[i].NextUpdate = second(r.CRLs[i].NextUpdate)
	}
	return r
}

func (r HostReport) encode() ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	err := enc.Encode(r)
	return b.Bytes(), err
}

// SignReport appends the requester's signature over the whole of text, which Encode made.
func SignReport(text []byte, signer ssh.Signer) ([]byte, error) {
	return sign(text, signer, reportNamespace, "a host report")
}

// ParseHostReport reads a report and verifies its signature over every byte above it. A report has one encoding:
// repeated or unknown fields, another order and other blanks are refused.
func ParseHostReport(file []byte) (HostReport, *Signature, error) {
	text, blob, err := cutReport(file)
	if err != nil {
		return HostReport{}, nil, err
	}
	signature, err := parseSignature(text, blob, reportNamespace)
	if err != nil {
		return HostReport{}, nil, err
	}
	r, err := readReport(text)
	return r, signature, err
}

// RecordedHostReport reads a report that ParseHostReport accepted before: its signature is not verified again.
func RecordedHostReport(file []byte) (HostReport, error) {
	text, _, err := cutReport(file)
	if err != nil {
		return HostReport{}, err
	}
	return readReport(text)
}

// cutReport separates the report's text from the blob of its signature.
func cutReport(file []byte) (text, blob []byte, err error) {
	if len(file) > refusal.MaxEntry {
		return nil, nil, fmt.Errorf("it has %d bytes, at most %d are read", len(file), refusal.MaxEntry)
	}
	// No JSON text has a line that begins so: a string in it has no line feed.
	start := bytes.Index(file, []byte("\n-----BEGIN "+labelSignature+"-----\n")) + 1
	if start == 0 {
		return nil, nil, errors.New("it has no signature")
	}
	var found refusal.Findings
	b, ok := readBlock(file, start, start+len("-----BEGIN "+labelSignature+"-----\n"), labelSignature, &found)
	if !ok || b.end != len(file) {
		return nil, nil, errors.New("its signature is not one whole block at its end")
	}
	return file[:start], b.der, nil
}

// readReport reads the text and holds it against its one encoding.
func readReport(text []byte) (HostReport, error) {
	var r HostReport
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&r); err != nil {
		return HostReport{}, fmt.Errorf("reading a host report: %w", err)
	}
	if err := r.check(); err != nil {
		return HostReport{}, err
	}
	if want, err := r.normal().encode(); err != nil || !bytes.Equal(want, text) {
		return HostReport{}, errors.New("it is not encoded as component-admin writes a host report")
	}
	return r, nil
}

// check holds each value against its form.
func (r HostReport) check() error {
	switch {
	case r.APIVersion != refusal.APIVersion || r.Kind != reportKind:
		return fmt.Errorf("not a host report of %s", refusal.APIVersion)
	case !coverName.MatchString(r.Requester):
		return fmt.Errorf("requester %s does not have the form %s", refusal.Quote(r.Requester), coverName)
	case !coverHash.MatchString(r.Trust):
		return fmt.Errorf("trust %s does not have the form %s", refusal.Quote(r.Trust), coverHash)
	case r.Time.IsZero() || r.More < 0 || len(r.Program) > maxProgram:
		return errors.New("its time, its program or its count of further items is out of range")
	}
	for _, i := range r.Items {
		if !fingerprintForm.MatchString(i.Fingerprint) || i.Wire != "" && !fingerprintForm.MatchString(i.Wire) ||
			!appliedForm.MatchString(i.Applied) || i.Place == "" || !coverName.MatchString(i.Profile) {
			return fmt.Errorf("item %s does not have the form of one", refusal.Quote(i.Place))
		}
	}
	for _, l := range r.CRLs {
		if !coverName.MatchString(l.Issuer) || l.Number == nil || l.Number.Sign() < 0 ||
			l.Number.BitLen() > crlNumberBits {
			return fmt.Errorf("the CRL of issuer %s does not have the form of one", refusal.Quote(l.Issuer))
		}
	}
	return CheckNode(r.Node)
}

// CheckNode is why a text cannot be the node of a report or of a cover: a DNS name in lower case, not a wildcard.
func CheckNode(node string) error {
	if err := new(Cover).setNode(node); err != nil {
		return fmt.Errorf("node %s: %w", refusal.Quote(node), err)
	}
	return nil
}

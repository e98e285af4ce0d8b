package request

import (
	"bytes"
	"encoding/pem"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"

	"ca-exchange/internal/pki"
	"ca-exchange/internal/refusal"
)

// coverStart begins every cover; an entry that begins so is read as nothing else.
const coverStart = "Certificate-Request: "

const (
	coverVersion = "v1"
	maxDays      = 36500
)

// Cover is what a requester says above a CSR. Unsigned it is a wish.
type Cover struct {
	Profile   string
	Requester string
	Trust     string // "sha256:" and hex: the trust fingerprint that the requester pinned
	Cluster   string // "" when not said
	Node      string // "" where the profile has none
	Days      int    // 0 when not said
	Replaces  string // fingerprint of a certificate in hex, without prefix; "" but for renewals
	Created   time.Time
	Expires   time.Time
	Nonce     string // 32 hex digits
}

// coverLines is the one order of a cover's lines and the form of each value.
var coverLines = [...]struct {
	name     string
	optional bool
	form     *regexp.Regexp
	get      func(*Cover) string
	set      func(*Cover, string) error
}{
	{"Profile", false, coverName, func(c *Cover) string { return c.Profile },
		func(c *Cover, v string) error { c.Profile = v; return nil }},
	{"Requester", false, coverName, func(c *Cover) string { return c.Requester },
		func(c *Cover, v string) error { c.Requester = v; return nil }},
	{"Trust", false, coverHash, func(c *Cover) string { return c.Trust },
		func(c *Cover, v string) error { c.Trust = v; return nil }},
	{"Cluster", true, coverName, func(c *Cover) string { return c.Cluster },
		func(c *Cover, v string) error { c.Cluster = v; return nil }},
	{"Node", true, nil, func(c *Cover) string { return c.Node }, (*Cover).setNode},
	{"Days", true, nil, (*Cover).days, (*Cover).setDays},
	{"Replaces", true, coverHash, (*Cover).replaces, func(c *Cover,
		v string) error {
		c.Replaces = strings.TrimPrefix(v, "sha256:")
		return nil
	}},
	{"Created", false, nil, func(c *Cover) string { return coverTime(c.Created) },
		func(c *Cover, v string) error { return setTime(&c.Created, v) }},
	{"Expires", false, nil, func(c *Cover) string { return coverTime(c.Expires) },
		func(c *Cover, v string) error { return setTime(&c.Expires, v) }},
	{"Nonce", false, coverNonce, func(c *Cover) string { return c.Nonce },
		func(c *Cover, v string) error { c.Nonce = v; return nil }},
}

var (
	coverName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$`)
	coverHash  = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)
	coverNonce = regexp.MustCompile(`^[0-9a-f]{32}$`)
)

// parseCover reads a cover: from its first byte to the LF of its last line, without the blank line below it.
// Those bytes are the cover in RequestID; what parses encodes to the same bytes again.
func parseCover(text []byte) (*Cover, error) {
	rest, ok := bytes.CutPrefix(text, []byte(coverStart+coverVersion+"\n"))
	if !ok {
		first, _, _ := bytes.Cut(text, []byte("\n"))
		return nil, fmt.Errorf("the first line is %s, not %q", refusal.Quote(string(first)), coverStart+coverVersion)
	}
	c := new(Cover)
	for _, l := range coverLines {
		value, after, err := cutValue(rest, l.name)
		if err != nil {
			return nil, err
		}
		if after == nil {
			if !l.optional {
				return nil, fmt.Errorf("line %s is missing or out of order", l.name)
			}
			continue
		}
		if l.form != nil && !l.form.MatchString(value) {
			return nil, fmt.Errorf("line %s: %s does not have the form %s", l.name, refusal.Quote(value), l.form)
		}
		if err := l.set(c, value); err != nil {
			return nil, fmt.Errorf("line %s: %w", l.name, err)
		}
		rest = after
	}
	if len(rest) > 0 {
		line, _, _ := bytes.Cut(rest, []byte("\n"))
		return nil, fmt.Errorf("line %s is unknown, repeated or out of order", refusal.Quote(string(line)))
	}
	if !c.Expires.After(c.Created) {
		return nil, errors.New("it expires before it was created")
	}
	return c, nil
}

// cutValue takes the line "name: value" from the front of text; after is nil when another line stands there.
func cutValue(text []byte, name string) (value string, after []byte, err error) {
	rest, ok := bytes.CutPrefix(text, []byte(name+": "))
	if !ok {
		return "", nil, nil
	}
	line, after, ok := bytes.Cut(rest, []byte("\n"))
	if !ok {
		return "", nil, fmt.Errorf("line %s does not end with LF", name)
	}
	return string(line), after, nil
}

// Encode writes the cover, ending with the LF of its last line. It does not check: a writer has Parse
// read what it wrote.
func (c Cover) Encode() []byte {
	b := []byte(coverStart + coverVersion + "\n")
	for _, l := range coverLines {
		if value := l.get(&c); value != "" {
			b = append(b, l.name+": "+value+"\n"...)
		}
	}
	return b
}

// Encode writes an unsigned entry: the cover and a blank line, unless cover is nil, and the CSR in PEM.
func Encode(cover *Cover, csrDER []byte) []byte {
	var b []byte
	if cover != nil {
		b = append(cover.Encode(), '\n')
	}
	return append(b, pem.EncodeToMemory(&pem.Block{Type: labelRequest, Bytes: csrDER})...)
}

func (c *Cover) days() string {
	if c.Days == 0 {
		return ""
	}
	return strconv.Itoa(c.Days)
}

func (c *Cover) setDays(v string) error {
	// What is not a number is 0, and what is too large for an int the largest one.
	if c.Days, _ = strconv.Atoi(v); c.Days < 1 || c.Days > maxDays || c.days() != v {
		return fmt.Errorf("%s is not a number from 1 to %d", refusal.Quote(v), maxDays)
	}
	return nil
}

func (c *Cover) setNode(v string) error {
	if strings.ToLower(v) != v || strings.HasPrefix(v, "*") {
		return fmt.Errorf("%s is not a node's name in lower case", refusal.Quote(v))
	}
	c.Node = v
	return pki.CheckDNSName(v)
}

func (c *Cover) replaces() string {
	if c.Replaces == "" {
		return ""
	}
	return "sha256:" + c.Replaces
}

// coverTime writes whole seconds in UTC; a zero time is left out, and parseCover then says so.
func coverTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func setTime(t *time.Time, v string) error {
	if *t, _ = time.Parse("2006-01-02T15:04:05Z", v); coverTime(*t) != v { // a zero time has no text
		return fmt.Errorf("%s is not a time (example: 2026-11-23T22:30:00Z)", refusal.Quote(v))
	}
	return nil
}

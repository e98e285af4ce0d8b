package ca

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"ca-exchange/internal/durable"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/refusal"
)

const (
	// secretFile holds the key of the heads' MACs: 32 random bytes, in hex. A backup copies it with the ledger.
	secretFile = "head-secret"
	secretSize = 32

	// acceptedSetting holds the heads that a person accepted (recover), each SEQ:HASH, separated by blanks.
	acceptedSetting = "acceptedHeads"
	acceptedLimit   = 256 // heads; the oldest go
)

var (
	// ErrBehind reports that an outbox holds a head of this CA that the ledger does not have: the ledger is an old
	// copy, or another copy of the CA directory serves the same exchange.
	ErrBehind = errors.New("the ledger is older than the exchange")
	// ErrForeignHead reports that this CA directory did not write a head.
	ErrForeignHead = errors.New("it is not a head of this CA directory")
)

// Head is the end of the ledger's chain as an outbox shows it (head.json). Whoever does not have the CA directory's
// secret can make none, so a genuine one proves that the ledger once had this event.
type Head struct {
	APIVersion string    `json:"apiVersion"`
	Kind       string    `json:"kind"` // Head
	Sequence   int64     `json:"sequence"`
	Hash       string    `json:"hash"` // of the event, hex
	Time       time.Time `json:"time"` // of the event
	MAC        string    `json:"mac"`  // HMAC-SHA256, hex; see mac
}

func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Sequence, h.Hash) }

// mac is HMAC-SHA256 over the fields, a LF after each. None of them can hold a LF.
func (h Head) mac(secret []byte) []byte {
	m := hmac.New(sha256.New, secret)
	fmt.Fprintf(m, "ca-exchange/head/v1\n%d\n%s\n%s\n", h.Sequence, h.Hash, h.Time.UTC().Format(time.RFC3339))
	return m.Sum(nil)
}

// PresentHead is the ledger's head as it is to be published, and its number.
func (c *CA) PresentHead(ctx context.Context) (text []byte, sequence int64, err error) {
	secret, err := c.headSecret()
	if err != nil {
		return nil, 0, err
	}
	e, err := c.ledger.Head(ctx)
	if err != nil {
		return nil, 0, err
	}
	h := Head{APIVersion: refusal.APIVersion, Kind: "Head", Sequence: e.Seq, Hash: e.Hash, Time: e.Time.UTC()}
	h.MAC = hex.EncodeToString(h.mac(secret))
	text, err = json.MarshalIndent(h, "", "  ")
	return append(text, '\n'), e.Seq, err
}

// CheckHead reads what an outbox holds as head.json. ErrForeignHead: somebody else wrote it, or changed it. ErrBehind:
// it is genuine, and the ledger lacks the event. The caller reads the outbox before it calls, since the ledger is
// always written first: in the other order a batch of another process would look like a lost one.
func (c *CA) CheckHead(ctx context.Context, text []byte) (Head, error) {
	secret, err := c.headSecret()
	if err != nil {
		return Head{}, err
	}
	h, err := parseHead(text, secret)
	if err != nil {
		return Head{}, err
	}
	hash, err := c.ledger.HashAt(ctx, h.Sequence)
	if err != nil || hash == h.Hash {
		return h, err
	}
	accepted, err := c.acceptedHeads(ctx)
	if err != nil || slices.Contains(accepted, h.String()) {
		return h, err
	}
	end, err := c.ledger.Head(ctx)
	if err != nil {
		return h, err
	}
	if h.Sequence > end.Seq {
		return h, fmt.Errorf("%w: outbox/head.json is of event %d (%s), the ledger ends with event %d (%s)", ErrBehind,
			h.Sequence, h.Time.Format(time.RFC3339), end.Seq, end.Time.Format(time.RFC3339))
	}
	return h, fmt.Errorf("%w: outbox/head.json has hash %s for event %d, the ledger has %s", ErrBehind, h.Hash,
		h.Sequence, hash)
}

func parseHead(text, secret []byte) (h Head, err error) {
	if err := json.Unmarshal(text, &h); err != nil {
		return h, fmt.Errorf("%w: %w", ErrForeignHead, err)
	}
	mac, err := hex.DecodeString(h.MAC)
	if err != nil || !hmac.Equal(mac, h.mac(secret)) || h.Kind != "Head" || h.APIVersion != refusal.APIVersion {
		return h, fmt.Errorf("%w: its MAC is wrong", ErrForeignHead)
	}
	return h, nil
}

func (c *CA) acceptedHeads(ctx context.Context) ([]string, error) {
	setting, err := c.ledger.Setting(ctx, acceptedSetting)
	return strings.Fields(setting), err
}

// AcceptHead records a person's word that what the ledger lacks of a head is lost, and that the CA goes on from here.
func (c *CA) AcceptHead(ctx context.Context, h Head) error {
	accepted, err := c.acceptedHeads(ctx)
	if err != nil {
		return err
	}
	accepted = append(accepted, h.String())
	accepted = accepted[max(0, len(accepted)-acceptedLimit):]
	detail := person()
	detail["head"] = h.String()
	event := ledger.Event{Time: c.Now(), Kind: ledger.EventRestored, Detail: detail}
	return c.ledger.Remember(ctx, acceptedSetting, strings.Join(accepted, " "), &event)
}

// headSecret reads the secret, and makes it where an older version made the CA directory.
func (c *CA) headSecret() ([]byte, error) {
	text, _, err := c.dir.Read(secretFile, sizeLimit)
	if errors.Is(err, fs.ErrNotExist) {
		// Of two processes one makes it, and both read it.
		if err := makeSecret(c.dir); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
		text, _, err = c.dir.Read(secretFile, sizeLimit)
	}
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(secret) != secretSize {
		return nil,
			fmt.Errorf("%s has %d bytes of text, expected %d bytes in hex; take it from a backup, or remove it: "+
				"heads published before then count as foreign", secretFile, len(text), secretSize)
	}
	return secret, nil
}

func makeSecret(dir *durable.Dir) error {
	secret := make([]byte, secretSize)
	rand.Read(secret) // never fails
	return dir.Create(secretFile, []byte(hex.EncodeToString(secret)+"\n"), 0o600)
}

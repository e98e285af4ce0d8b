package ca

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"strings"

	"ca-exchange/internal/ledger"
)

// Errors of looking a request up.
var (
	ErrUnknown   = errors.New("no such request")
	ErrAmbiguous = errors.New("the ID matches more than one request; this may be a deliberate collision")
	ErrNamesakes = errors.New("more than one request has had this name")
	ErrShort     = errors.New("the ID is too short to decide by")
)

// What an id has to have, in hex digits. To show a request is harmless. Whoever decides must not be led to another
// request by somebody who searched for an id with the same beginning: 16 digits cost 2^64 attempts.
const (
	showDigits   = 8
	decideDigits = 16
	wholeDigits  = 64
)

// LooksLikeID reports whether what has the form of a request id or of its beginning: 8 or more hex digits, grouped or
// not. Such a word is never looked up as a name, since anybody can give an entry any legal name.
func LooksLikeID(what string) bool {
	digits := idDigits(what)
	return len(digits) >= showDigits && strings.Trim(digits, "0123456789abcdef") == ""
}

func idDigits(what string) string { return strings.ReplaceAll(strings.ToLower(what), "-", "") }

// Find returns the one request that an id (8 digits or more) or an entry's name means. It is for commands that show.
func (c *CA) Find(ctx context.Context, what string) (ledger.Request, error) {
	if LooksLikeID(what) {
		return c.findID(ctx, what, showDigits)
	}
	return c.FindName(ctx, what)
}

// FindID returns the one request whose id begins with 16 digits or more. It is for commands that decide.
func (c *CA) FindID(ctx context.Context, what string) (ledger.Request, error) {
	return c.findID(ctx, what, decideDigits)
}

// FindName returns the one request that was asked for under an entry's name on any exchange. A name is a neighbour's to
// choose, so a decision by name needs a person who sees what was found.
func (c *CA) FindName(ctx context.Context, name string) (ledger.Request, error) {
	return one(c.ledger.Named(ctx, strings.TrimSuffix(name, ".csr")), name, ErrNamesakes)
}

func (c *CA) findID(ctx context.Context, what string, least int) (ledger.Request, error) {
	digits := idDigits(what)
	switch {
	case len(digits) < least:
		return ledger.Request{}, fmt.Errorf("%w: %q has %d digits, %d are needed", ErrShort, what, len(digits), least)
	case len(digits) > wholeDigits:
		return ledger.Request{}, fmt.Errorf("%w: %q has %d digits, an ID has %d", ErrUnknown, what, len(digits),
			wholeDigits)
	}
	return one(c.ledger.Find(ctx, digits), what, ErrAmbiguous)
}

// one is the only request found; several are an error of the given kind.
func one(found iter.Seq2[ledger.Request, error], what string, several error) (only ledger.Request, err error) {
	for r, err := range found {
		switch {
		case err != nil:
			return ledger.Request{}, err
		case only.Recorded():
			return ledger.Request{}, fmt.Errorf("%w: %q", several, what)
		}
		only = r
	}
	if !only.Recorded() {
		err = fmt.Errorf("%w: %q", ErrUnknown, what)
	}
	return only, err
}

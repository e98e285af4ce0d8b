package ca

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
	"ca-exchange/internal/request"
)

// ErrUnsigned says that a request carries no key to enroll.
var ErrUnsigned = errors.New("the request is not signed")

// Requesters are those enrolled.
func (c *CA) Requesters() (policy.Requesters, error) {
	text, _, err := c.dir.Read(requestersFile, sizeLimit)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return policy.Requesters{}, err
	}
	return policy.ParseRequesters(text)
}

// Enroll adds a requester. What it has held is decided again by the next pass.
func (c *CA) Enroll(ctx context.Context, one policy.Requester) error {
	return c.changeRequesters(ctx, one, policy.Requesters.Enroll, "Enrolled")
}

// ChangeRequester gives an enrolled requester another scope or key. What it has held is decided again by the next pass.
func (c *CA) ChangeRequester(ctx context.Context, one policy.Requester) error {
	return c.changeRequesters(ctx, one, policy.Requesters.Replace, "ScopeChanged")
}

func (c *CA) changeRequesters(ctx context.Context, one policy.Requester,
	change func(policy.Requesters, policy.Requester) (policy.Requesters, error), kind string) error {
	rules, err := c.Rules()
	if err != nil {
		return err
	}
	for _, name := range one.Profiles {
		if rules.Policy.Profile(name) == nil {
			return fmt.Errorf("no profile %q", name)
		}
	}
	all, err := c.Requesters()
	if err != nil {
		return err
	}
	if all, err = change(all, one); err != nil {
		return err
	}
	return c.storeRequesters(ctx, all, kind, one.Name)
}

// Unenroll takes a requester away; false where there is none of that name.
func (c *CA) Unenroll(ctx context.Context, name string) (bool, error) {
	all, err := c.Requesters()
	if err != nil {
		return false, err
	}
	all, removed := all.Unenroll(name)
	if !removed {
		return false, nil
	}
	return true, c.storeRequesters(ctx, all, "Unenrolled", name)
}

func (c *CA) storeRequesters(ctx context.Context, all policy.Requesters, kind, name string) error {
	text, err := all.Encode()
	if err != nil {
		return err
	}
	detail := person()
	detail["requester"] = name
	if err := c.CheckClock(ctx); err != nil {
		return err
	}
	if err := c.ledger.Append(ctx, ledger.Event{Time: c.Now(), Kind: kind, Detail: detail}); err != nil {
		return err
	}
	return c.dir.Replace(requestersFile, text, 0o600)
}

// SignedBy reads a held request that a key to be enrolled signed; ErrUnsigned where nobody signed it.
func (c *CA) SignedBy(ctx context.Context, id pki.ID) (*request.Request, error) {
	entry, err := c.ledger.Entry(ctx, id)
	if err != nil {
		return nil, err
	}
	req, _ := request.Parse(entry, nil)
	if req == nil || req.Signature == nil || req.Cover == nil {
		return nil, fmt.Errorf("%w: %s", ErrUnsigned, id.Short())
	}
	return req, nil
}

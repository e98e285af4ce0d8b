package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pass"
)

type verifyCommand struct {
	exchangeFlags
	Head   head `placeholder:"SEQ:HASH" help:"A head that status printed earlier: it must be part of the chain."`
	Repair bool `help:"Put back answers that are missing from the outbox or altered, installed ones too."`
}

// head is the end of the chain at some time, as `ca-admin status` prints it; the zero value is none.
type head struct {
	seq  int64
	hash string
}

// UnmarshalText reads SEQ:HASH. Half of a head must not pass for none: the chain would be verified without it.
func (h *head) UnmarshalText(text []byte) error {
	number, hash, _ := strings.Cut(string(text), ":")
	seq, err := strconv.ParseInt(number, 10, 64)
	digest, hexErr := hex.DecodeString(hash)
	if err != nil || hexErr != nil || seq < 1 || len(digest) != sha256.Size {
		return fmt.Errorf("%q is not SEQ:HASH, as `ca-admin status` prints it: a number, a colon, 64 hex digits", text)
	}
	h.seq, h.hash = seq, strings.ToLower(hash)
	return nil
}

func (v *verifyCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.Ledger().Verify(ctx, v.Head.seq, v.Head.hash); err != nil {
		return explainVerify(a, err)
	}
	if a.JSON {
		if err := a.printVerification(nil, 0); err != nil {
			return err
		}
	}
	a.Say("the ledger is whole: every row is what its events say")
	archives, err := c.Ledger().Archives(ctx)
	if err != nil {
		return err
	}
	for _, one := range archives {
		a.Say("the bytes of %s are archived in %q (sha256 %s)",
			cli.Count(int(one.Certificates), "certificate", "certificates"), one.File, one.SHA256)
	}
	if v.Repair {
		return v.repair(ctx, a, c)
	}
	return nil
}

// explainVerify lists what differs, one line each. An error of another kind is not a verdict.
func explainVerify(a *app, err error) error {
	broken, ok := errors.AsType[*ledger.Broken](err)
	if !ok {
		return err
	}
	if a.JSON {
		if err := a.printVerification(broken.Differences, broken.More); err != nil {
			return err
		}
	} else {
		a.printDifferences(broken)
	}
	n := len(broken.Differences) + broken.More
	return cli.WithStatus(cli.Unverified,
		fmt.Errorf("the ledger is not what its events say: %s", cli.Count(n, "difference", "differences")),
		"restore ledger.db from a backup; docs/ledger.md says how to look into it")
}

func (a *app) printDifferences(broken *ledger.Broken) {
	for _, one := range broken.Differences {
		a.Print("%s", one)
	}
	if broken.More > 0 {
		a.Print("and %d more", broken.More)
	}
}

func (v *verifyCommand) repair(ctx context.Context, a *app, c *ca.CA) error {
	all, err := a.exchanges(c, v.exchangeFlags)
	if err != nil {
		return err
	}
	for _, at := range all {
		if err := a.repair(ctx, c, at); err != nil {
			return explain(err, at)
		}
	}
	return nil
}

func (a *app) repair(ctx context.Context, c *ca.CA, at pass.Sides) error {
	x, err := pass.OpenExchange(ctx, c, at.WithOpenInbox())
	if err != nil {
		return err
	}
	defer x.Close()
	restored, all, err := pass.Repair(ctx, c, x)
	if err == nil {
		a.Say("put back %d of %d answers; every other one is there as it should be, or has ended", restored, all)
	}
	return err
}

package main

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/ledger"
	"ca-exchange/internal/pass"
	"ca-exchange/internal/pki"
	"ca-exchange/internal/policy"
)

// app is what every command runs with.
type app struct {
	*cli.Terminal
	*passphrases
	dir string
	log *slog.Logger
}

// defaultDir is the CA directory where neither a flag nor the environment names one.
const defaultDir = "./ca"

func newApp(ctx context.Context, t *cli.Terminal, c *commands) *app {
	t.WorksAt(c.Dir, defaultDir, "CA_ADMIN_DIR")
	return &app{t, newPassphrases(ctx, t, c.passphraseFlags), c.Dir, t.Logger(c.LogFormat)}
}

func (a *app) settings() ca.Settings {
	return ca.Settings{
		Now: cli.Now, Log: a.log, Passphrase: a.forKey, ForgetPassphrase: a.forget,
		AgentSocket: os.Getenv("SSH_AUTH_SOCK"),
	}
}

// open opens the CA directory.
func (a *app) open() (*ca.CA, error) {
	c, err := ca.Open(a.dir, a.settings())
	return c, a.explainOpen(err)
}

// explainOpen adds hints to what a CA directory can be wrong with.
func (a *app) explainOpen(err error) error {
	switch {
	case errors.Is(err, ca.ErrNoDirectory):
		return cli.Hint(err, "make one with `ca-admin init`, or say where it is: --dir DIR, CA_ADMIN_DIR")
	case errors.Is(err, ledger.ErrOldSchema):
		return cli.Hint(err, "end a running ca-admin watch, then: ca-admin migrate (it keeps a copy)")
	case errors.Is(err, ca.ErrMode):
		return cli.Hint(err, "chmod 700 "+cli.Word(a.dir))
	case errors.Is(err, ca.ErrOwner):
		return explainOwner(err)
	case errors.Is(err, fs.ErrPermission):
		return cli.Hint(err, "run ca-admin as the owner of the CA directory")
	}
	return err
}

// explainOwner says how to run as the owner, or how root gives back what it made by mistake.
func explainOwner(err error) error {
	other, ok := errors.AsType[*ca.NotOwned](err)
	if !ok {
		return err
	}
	return cli.Hint(err, "run it as the owner: sudo -u '"+other.OwnerID()+"' ca-admin …",
		"or, if the file is yours by right: sudo chown -R $(id -u) "+cli.Word(filepath.Dir(other.Path)))
}

// explain adds hints to what an exchange can be wrong with.
func explain(err error, at pass.Sides) error {
	switch {
	case errors.Is(err, inbox.ErrNoExchange):
		return cli.Hint(err, "make it with `ca-admin exchange "+cli.Word(at.Inbox)+"`, or say where it is: "+
			"--exchange DIR, CA_EXCHANGE")
	case errors.Is(err, inbox.ErrNotExchange):
		return cli.Hint(err, "is the medium mounted?",
			"to make an exchange there: ca-admin exchange "+cli.Word(at.Inbox))
	case errors.Is(err, inbox.ErrTrust):
		return cli.Hint(err, "an exchange belongs to one CA: use its CA directory (--dir), or another exchange")
	case errors.Is(err, pass.ErrOpenInbox):
		return cli.Hint(err, "chmod 755 "+cli.Word(at.Inbox+"/inbox")+", so that only its owner may ask",
			"or take `unsigned:` out of policy.yaml; to serve it all the same: --yes")
	case errors.Is(err, ca.ErrClock):
		return cli.Hint(err, "set the clock; if it is right now: ca-admin clock --accept")
	case errors.Is(err, ca.ErrBehind):
		return cli.WithStatus(cli.Unverified, err,
			"if an old copy of the CA directory was put back: ca-admin recover --exchange "+cli.Word(at.Inbox),
			"if another host runs a copy of this CA directory: stop one of the two")
	case errors.Is(err, fs.ErrPermission):
		return cli.Hint(err,
			"ca-admin needs to read and write the inbox, the outbox and rejected/: run it as their owner")
	}
	return err
}

// explainRequest adds hints to what a person's decision can run into.
func explainRequest(err error) error {
	switch {
	case errors.Is(err, ca.ErrUnknown):
		return cli.Hint(err, "list what there is: ca-admin pending, ca-admin list")
	case errors.Is(err, ca.ErrShort):
		return cli.WithStatus(cli.Usage, err,
			"compare the whole ID with the requester; to see it: ca-admin pending -o json")
	case errors.Is(err, ca.ErrNamesakes):
		return cli.WithStatus(cli.Unverified, err,
			"compare the request ID with the requester, and give the ID: ca-admin pending")
	case errors.Is(err, ca.ErrDenied):
		return cli.WithStatus(cli.Denied, err, "to approve it all the same, add --reopen")
	case errors.Is(err, ca.ErrDays):
		return cli.WithStatus(cli.Usage, err,
			"the limit is certificates.maxDays, or the profile's maxDays, of policy.yaml")
	case errors.Is(err, ca.ErrAmbiguous):
		return cli.WithStatus(cli.Unverified, err, "compare the whole id with the requester, and use more digits")
	case errors.Is(err, ca.ErrSettled):
		return cli.Hint(err, "show it with `ca-admin show`; a new request gets a new certificate")
	case errors.Is(err, ca.ErrNoIssuer):
		return cli.WithStatus(cli.Unanswered, err, "once the parent has signed: ca-admin issuer adopt ISSUER FILE")
	case errors.Is(err, ca.ErrRefused):
		return cli.WithStatus(cli.Denied, err, "the requester has to make another request")
	case errors.Is(err, ca.ErrNoPlan):
		return cli.WithStatus(cli.Unanswered, err,
			"say what it is: --profile server --dns NAME --ip ADDRESS, or --profile client")
	case errors.Is(err, ca.ErrClock):
		return cli.Hint(err, "set the clock; if it is right now: ca-admin clock --accept")
	case errors.Is(err, pki.ErrEncrypted):
		return cli.Hint(err, "run it on a terminal, to be asked for the passphrase")
	case errors.Is(err, ca.ErrNoSignature):
		return cli.WithStatus(cli.Unanswered, err, signerHint)
	case errors.Is(err, ca.ErrWrongSignature), errors.Is(err, ca.ErrTooLong):
		return explainSigner(err)
	case errors.Is(err, policy.ErrOther):
		return cli.WithStatus(cli.Unanswered, err, "look at it again: ca-admin show")
	}
	return err
}

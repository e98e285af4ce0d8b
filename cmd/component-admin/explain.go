package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"strings"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
)

// explain adds hints to what a first-time user can run into.
func (a *app) explain(err error) error {
	switch {
	case errors.Is(err, inbox.ErrNoExchange):
		return cli.Hint(err, "is it mounted? say where it is: --exchange DIR, CA_EXCHANGE")
	case errors.Is(err, inbox.ErrNotExchange):
		return cli.Hint(err, "is the medium mounted? only the CA admin makes an exchange: ca-admin exchange DIR")
	case errors.Is(err, component.ErrUnpinned):
		return cli.Hint(err, "ask the CA admin for it, out of band: component-admin trust --fingerprint sha256:…")
	case errors.Is(err, component.ErrOtherTrust):
		return cli.WithStatus(cli.Unverified, err,
			"this is another CA, or somebody changed the outbox: compare with `ca-admin status`",
			"where the pinned fingerprint was the wrong one: component-admin trust --fingerprint sha256:… --replace")
	case errors.Is(err, component.ErrIssuers):
		return cli.WithStatus(cli.Unanswered, err,
			"the CA admin's `ca-admin watch` or `ca-admin sync` publishes them as outbox/issuers.pem")
	case errors.Is(err, component.ErrIdentity):
		return cli.Hint(err, "make another one: component-admin init --new-identity",
			"then the CA admin replaces the enrolled key: ca-admin scope NAME --new-key FILE")
	case errors.Is(err, component.ErrAgent):
		return cli.Hint(err, "ssh-add the key, or start an agent: eval $(ssh-agent)")
	case errors.Is(err, component.ErrOwner):
		return a.explainOwner(err)
	case errors.Is(err, fs.ErrPermission):
		return a.explainPermission(err)
	}
	return err
}

// explainOwner says which command makes the directory one user's again.
func (a *app) explainOwner(err error) error {
	owner, ok := errors.AsType[*component.OwnerError](err)
	if !ok {
		return err
	}
	private := cli.Word(owner.Path)
	me := uint32(os.Geteuid()) // also where no account has this number, as in containers
	switch {
	case owner.Owner == me:
		return cli.Hint(err, "chmod 700 "+private)
	case me == 0:
		return cli.Hint(err, "run it as that user: sudo -u "+userName(owner.Owner)+" component-admin …",
			"or take the directory over: chown -R root "+cli.Word(a.private()))
	default:
		return cli.Hint(err, "sudo chown -R "+userName(me)+" "+cli.Word(a.private()))
	}
}

func userName(id uint32) string {
	number := strconv.FormatUint(uint64(id), 10)
	if u, err := user.LookupId(number); err == nil {
		return u.Username
	}
	return "'#" + number + "'"
}

// explainPermission tells the host's own files from the exchange's: each has another person who can help.
func (a *app) explainPermission(err error) error {
	if failed, ok := errors.AsType[*fs.PathError](err); ok && strings.Contains(failed.Path, a.dir) {
		return cli.Hint(err, fmt.Sprintf("run component-admin as the owner of %s, usually root", cli.Word(a.dir)))
	}
	return cli.Hint(err, "the inbox lets only some drop requests: ask the CA admin who (its mode, its group)")
}

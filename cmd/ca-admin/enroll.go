package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/policy"
)

type enrollCommand struct {
	Name         string `arg:"" help:"The requester's name, as its covers state it."`
	Key          string `type:"existingfile" placeholder:"FILE" help:"Its public key: an OpenSSH .pub file."`
	From         string `placeholder:"ID" help:"Take the key that signed this held request (16 digits or more)."`
	Fingerprint  string `placeholder:"SHA256:…" help:"The key's fingerprint, obtained out of band (asked for)."`
	ControlPlane bool   `help:"It is control-plane host NAME: allow all that such a host needs."`
	Worker       bool   `help:"It is worker host NAME: allow its kubelet's two certificates."`
	scopeFlags
}

// longestName is how long a requester's name may be, as component-admin takes it.
const longestName = 64

// Validate holds the flags against each other.
func (e *enrollCommand) Validate() error {
	if (e.Key == "") == (e.From == "") {
		return errors.New("one of --key FILE and --from ID")
	}
	for _, node := range e.Node {
		if name, address, ok := strings.Cut(node, "="); ok {
			return fmt.Errorf("--node %s: give the address by itself: --node %s --ip %s", node, name, address)
		}
	}
	if e.ControlPlane && e.Worker {
		return errors.New("--control-plane or --worker, not both")
	}
	if e.ControlPlane || e.Worker {
		return kube.CheckNode(e.Name)
	}
	if !inbox.LegalName(e.Name) || len(e.Name) > longestName {
		return fmt.Errorf("%q cannot be a requester's name: at most %d letters, digits, dots, hyphens, underscores, "+
			"beginning with a letter or digit", e.Name, longestName)
	}
	return nil
}

// granted is what the requester may ask for: as the flags say, and for a host all that one needs, the guarded profiles
// too, which a person decides.
func (e *enrollCommand) granted(release kube.Release) policy.Scope {
	s := e.scope()
	var host []kube.Profile
	switch {
	case e.ControlPlane:
		config := kube.DefaultConfig()
		config.Release = release
		host = config.ControlPlaneProfiles()
	case e.Worker:
		host = kube.WorkerProfiles()
	default:
		return s
	}
	s.Nodes = append(s.Nodes, e.Name)
	for _, p := range host {
		s.Profiles = append(s.Profiles, p.Name)
	}
	return s
}

func (e *enrollCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	if err := checkProfiles(c, e.Profile...); err != nil {
		return err
	}
	key, fingerprint, err := e.key(ctx, a, c)
	if err != nil {
		return err
	}
	if err := e.confirm(ctx, a, fingerprint); err != nil {
		return err
	}
	release, err := c.Release()
	if err != nil {
		return err
	}
	since := cli.Now().UTC().Format(time.RFC3339)
	one := policy.Requester{Name: e.Name, Key: key, Since: since, Scope: e.granted(release)}
	err = c.Enroll(ctx, one)
	if errors.Is(err, policy.ErrEnrolled) {
		return cli.Hint(err, "ca-admin requesters",
			"to change its scope or key: ca-admin scope NAME --add-dns … --new-key FILE")
	}
	if err != nil {
		return err
	}
	a.Say("enrolled %q with key %s", e.Name, fingerprint)
	return errors.Join(a.encodeRequester(c, one.Name), a.warnScope(c, one.Scope))
}

// warnScope says what a scope cannot do although it seems to, and what it can do although few people mean it.
func (a *app) warnScope(c *ca.CA, s policy.Scope) error {
	rules, err := c.Rules()
	if err != nil {
		return err
	}
	for _, warning := range append(rules.Policy.Unworkable(s), s.Wide()...) {
		a.Warn("%s", warning)
	}
	return nil
}

func (e *enrollCommand) key(ctx context.Context, a *app, c *ca.CA) (key, fingerprint string, err error) {
	if e.From == "" {
		return keyIn(e.Key)
	}
	record, err := c.FindID(ctx, e.From)
	if err != nil {
		return "", "", explainRequest(err)
	}
	req, err := c.SignedBy(ctx, record.ID)
	if errors.Is(err, ca.ErrUnsigned) {
		err = cli.Hint(err, "take the key itself: --key identity.pub")
	}
	if err != nil {
		return "", "", err
	}
	a.Say("the cover of request %s:", req.ID.Phone())
	for line := range strings.Lines(string(req.Cover.Encode())) {
		a.Say("  %s", strings.Trim(strconv.QuoteToASCII(strings.TrimSpace(line)), `"`))
	}
	if req.Cover.Requester != e.Name {
		err := fmt.Errorf("the cover's requester is %q, not %q", req.Cover.Requester, e.Name)
		return "", "", cli.WithStatus(cli.Unverified, err,
			"enroll it under the name that its covers give: ca-admin enroll NAME --from "+e.From)
	}
	return req.Signature.AuthorizedKey(), req.Signature.Fingerprint(), nil
}

// confirm: a key that came through the exchange may be anybody's until its fingerprint was compared out of band. A key
// file is the word of the person who gives it, unless they also give a fingerprint.
func (e *enrollCommand) confirm(ctx context.Context, a *app, fingerprint string) error {
	switch {
	case e.Fingerprint == fingerprint:
		return nil
	case e.Fingerprint != "":
		err := fmt.Errorf("the key's fingerprint is %s, not %q", fingerprint, e.Fingerprint)
		return cli.WithStatus(cli.Unverified, err, "ask the requester again, out of band")
	case e.From == "":
		return nil
	}
	a.Say("the request was signed by key %s", fingerprint)
	agreed, err := a.Confirm(ctx, fmt.Sprintf("did %q give you this fingerprint out of band?", e.Name))
	if errors.Is(err, cli.ErrNobody) {
		return cli.Hint(err, "ask the requester for it, out of band: --fingerprint SHA256:…, "+
			"as component-admin config prints it")
	}
	if err == nil && !agreed {
		err = cli.WithStatus(cli.Failed, errors.New("not enrolled"))
	}
	return err
}

type unenrollCommand struct {
	Name string `arg:"" help:"The requester's name."`
}

func (u *unenrollCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	removed, err := c.Unenroll(ctx, u.Name)
	if err != nil {
		return err
	}
	if !removed {
		return cli.Hint(fmt.Errorf("no requester is enrolled as %q", u.Name), "ca-admin requesters")
	}
	a.Say("%q is not enrolled any more: its requests are held from now on; its certificates stay valid", u.Name)
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/policy"
)

type enrollCommand struct {
	Name         string   `arg:"" help:"The requester's name, as its covers give it."`
	Key          string   `type:"existingfile" placeholder:"FILE" help:"Its public key: identity.pub, or any OpenSSH .pub file."`
	From         string   `placeholder:"ID" help:"Take the key that signed this held request."`
	Fingerprint  string   `placeholder:"SHA256:…" help:"The key's fingerprint as the requester told it by another way; without it, you are asked."`
	ControlPlane bool     `help:"It is the control-plane host NAME: it may ask for all that one needs."`
	Worker       bool     `help:"It is the worker host NAME: it may ask for its kubelet's two certificates."`
	Profile      []string `placeholder:"P,…" help:"Profiles it may ask for."`
	Node         []string `placeholder:"GLOB,…" help:"Nodes it may ask for; * stands for any run without a dot, ** for any."`
	DNS          []string `name:"dns" placeholder:"GLOB,…" help:"DNS names it may ask for."`
	IP           []string `name:"ip" placeholder:"CIDR,…" help:"Addresses it may ask for."`
}

// Validate holds the flags against each other.
func (e *enrollCommand) Validate() error {
	if (e.Key == "") == (e.From == "") {
		return errors.New("one of --key FILE and --from ID")
	}
	if e.ControlPlane && e.Worker {
		return errors.New("--control-plane or --worker, not both")
	}
	if e.ControlPlane || e.Worker {
		return kube.CheckNode(e.Name)
	}
	return nil
}

// scope is what the requester may ask for: a host, all that one needs, the guarded profiles too, which a person decides.
func (e *enrollCommand) scope(release kube.Release) policy.Scope {
	s := policy.Scope{Profiles: e.Profile, Nodes: e.Node, DNS: e.DNS, IPs: e.IP}
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
	key, fingerprint, err := e.key(ctx, c)
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
	scope := e.scope(release)
	err = c.Enroll(ctx, policy.Requester{
		Name: e.Name, Key: key, Since: time.Now().UTC().Format(time.RFC3339),
		Scope: scope,
	})
	if errors.Is(err, policy.ErrEnrolled) {
		return cli.Hint(err, "ca-admin requesters; to change it: ca-admin unenroll NAME, then enroll again, or edit requesters.yaml")
	}
	if err != nil {
		return err
	}
	a.Say("enrolled %q with key %s", e.Name, fingerprint)
	if len(scope.Profiles) == 0 {
		a.Warn("without --profile everything it asks for still waits for a person")
	}
	return nil
}

func (e *enrollCommand) key(ctx context.Context, c *ca.CA) (key, fingerprint string, err error) {
	if e.From != "" {
		record, err := c.Find(ctx, e.From)
		if err != nil {
			return "", "", explainRequest(err)
		}
		key, fingerprint, err = c.KeyOf(ctx, record.ID)
		if errors.Is(err, ca.ErrUnsigned) {
			err = cli.Hint(err, "take the key itself: --key identity.pub")
		}
		return key, fingerprint, err
	}
	text, err := os.ReadFile(e.Key)
	if err != nil {
		return "", "", err
	}
	key = strings.TrimSpace(string(text))
	fingerprint, err = policy.KeyFingerprint(key)
	if err != nil {
		err = fmt.Errorf("reading %q: %w", e.Key, err)
	}
	return key, fingerprint, err
}

// confirm: a key that came through the exchange is anybody's until its fingerprint came another way. A key file is the
// word of the person who gives it, unless they also give a fingerprint.
func (e *enrollCommand) confirm(ctx context.Context, a *app, fingerprint string) error {
	switch {
	case e.Fingerprint == fingerprint:
		return nil
	case e.Fingerprint != "":
		return cli.WithStatus(cli.Unverified, fmt.Errorf("the key's fingerprint is %s, not %q", fingerprint, e.Fingerprint), "ask the requester again, by another way than the exchange")
	case e.From == "":
		return nil
	}
	a.Say("the request was signed by key %s", fingerprint)
	agreed, err := a.Confirm(ctx, fmt.Sprintf("did %q tell you this fingerprint, by another way than the exchange?", e.Name))
	if errors.Is(err, cli.ErrNobody) {
		return cli.Hint(err, "give it: --fingerprint "+fingerprint)
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
	if err == nil && !removed {
		err = cli.Hint(fmt.Errorf("nobody is enrolled as %q", u.Name), "ca-admin requesters")
	}
	return err
}

type requestersCommand struct{}

func (r *requestersCommand) Run(a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	all, err := c.Requesters()
	if err != nil {
		return err
	}
	if a.JSON {
		return a.Encode(requesterList(all))
	}
	if len(all.Requesters) == 0 {
		a.Say("nobody is enrolled")
		return nil
	}
	rows := [][]string{{"NAME", "KEY", "PROFILES", "NODES", "DNS", "IPS", "SINCE"}}
	for _, one := range all.Requesters {
		fingerprint, err := policy.KeyFingerprint(one.Key)
		if err != nil {
			return err
		}
		rows = append(rows, []string{one.Name, fingerprint, comma(one.Profiles), comma(one.Nodes), comma(one.DNS), comma(one.IPs), one.Since})
	}
	return a.Table(rows)
}

func comma(items []string) string { return dash(strings.Join(items, ",")) }

// requesterItem is one of what `requesters -o json` prints.
type requesterItem struct {
	Name     string   `json:"name"`
	Key      string   `json:"key"`
	Since    string   `json:"since"`
	Profiles []string `json:"profiles"`
	Nodes    []string `json:"nodes"`
	DNS      []string `json:"dns"`
	IPs      []string `json:"ips"`
}

func requesterList(all policy.Requesters) any {
	list := struct {
		Kind  string          `json:"kind"`
		Items []requesterItem `json:"items"`
	}{"RequesterList", []requesterItem{}}
	for _, one := range all.Requesters {
		list.Items = append(list.Items, requesterItem{one.Name, one.Key, one.Since, one.Profiles, one.Nodes, one.DNS, one.IPs})
	}
	return list
}

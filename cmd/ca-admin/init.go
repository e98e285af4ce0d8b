package main

import (
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"ca-exchange/internal/ca"
	"ca-exchange/internal/cli"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pass"
	"ca-exchange/internal/pki"
)

type initCommand struct {
	Exchange string `env:"CA_EXCHANGE" default:"./exchange" type:"path" help:"The exchange to make (${env})."`

	Issuer     []string `placeholder:"NAME" help:"Issuers to make: ca alone, or all three, as kubeadm does (default)."`
	KeyType    string   `default:"RSA-2048" help:"Issuers' keys: RSA-2048, RSA-3072, RSA-4096, ECDSA-P256, ECDSA-P384."`
	Days       int      `default:"3650" help:"Validity of the issuers, in days."`
	CommonName string   `placeholder:"CN" help:"Common name of issuer ca (kubernetes)."`
	PathLen    int      `default:"0" help:"How many CAs may stand below an issuer."`

	agentFlags
	Encrypt       bool `help:"Encrypt the issuers' keys with a passphrase."`
	ParentRequest bool `help:"Make the issuers' keys, and requests for a parent that signs them elsewhere."`

	ImportCert  string `type:"existingfile" placeholder:"FILE" help:"Adopt an issuer: its certificate and chain."`
	ImportKey   string `type:"existingfile" placeholder:"FILE" help:"The adopted issuer's key; it may be encrypted."`
	ImportPKI   string `name:"import-pki" type:"existingdir" placeholder:"DIR" help:"Adopt a kubeadm pki directory."`
	ImportEarly bool   `help:"Adopt an issuer that is not valid yet; it signs once it is."`

	Config     []string `type:"existingfile" placeholder:"FILE" help:"kubeadm's configuration, to fill in the policy."`
	Node       []string `placeholder:"NODE[=ADDRESS]" help:"A host, its address; with --trust-inbox no other may ask."`
	Kubernetes string   `placeholder:"RELEASE" help:"The cluster's Kubernetes release (the newest known)."`
	TrustInbox bool     `help:"Issue unsigned requests: anyone who can write to the inbox gets certificates."`
	Group      string   `placeholder:"GROUP" help:"Only members of this group may drop requests."`

	guard ca.Guard // of the keys that are made
}

// How long an issuer is made for, in days: kubeadm's ten years; at most openssl's 10000 and a little.
const (
	issuerDays  = 3650
	issuersMost = 36500
)

// Validate holds the flags against each other.
func (i *initCommand) Validate() error {
	switch {
	case (i.ImportCert == "") != (i.ImportKey == ""):
		return errors.New("--import-cert and --import-key go together")
	case i.ParentRequest && i.ImportCert+i.ImportPKI != "":
		return errors.New("--parent-request makes new keys: leave --import-pki and --import-cert out")
	case i.ParentRequest && (i.Days != issuerDays || i.PathLen != 0):
		return errors.New("--parent-request: the parent decides on validity and path length: leave --days and " +
			"--path-len out")
	case len(i.Agent) > 0 && (i.ParentRequest || i.adopts()):
		return errors.New("--agent makes a new issuer: leave --parent-request, --import-pki and --import-cert out")
	case i.ImportCert != "" && i.ImportPKI != "":
		return errors.New("--import-pki or --import-cert, not both")
	case i.Days < 1 || i.Days > issuersMost:
		return fmt.Errorf("--days %d: between 1 and %d", i.Days, issuersMost)
	case len(i.Issuer) > 0 && !slices.Equal(i.Issuer, []string{kube.ClusterIssuer}) && !i.allIssuers():
		return fmt.Errorf("--issuer %s: name ca alone, or all three: %s", strings.Join(i.Issuer, ","),
			strings.Join(issuerNames(), ","))
	}
	_, err := i.signers(i.issuers())
	return err
}

// issuers are the names of the issuers that are made.
func (i *initCommand) issuers() []string {
	if len(i.Issuer) > 0 {
		return i.Issuer
	}
	return issuerNames()
}

// allIssuers reports whether --issuer names each issuer of kubeadm once, in any order.
func (i *initCommand) allIssuers() bool {
	return slices.Equal(slices.Sorted(slices.Values(i.Issuer)), slices.Sorted(slices.Values(issuerNames())))
}

func issuerNames() (names []string) {
	for _, known := range kube.Issuers() {
		names = append(names, known.Name)
	}
	return names
}

func (i *initCommand) Run(a *app) (err error) {
	if i.Encrypt {
		if i.guard.Passphrase, err = a.toSet(); err != nil {
			return err
		}
		defer a.forget()
	}
	groupID, err := lookupGroup(i.Group)
	if err != nil {
		return err
	}
	setup, err := i.setup(a)
	if err != nil {
		return err
	}
	c, err := ca.Create(a.dir, setup, a.settings())
	if errors.Is(err, ca.ErrExists) {
		return i.finish(a, groupID, err)
	}
	if err != nil {
		return explainSigner(err)
	}
	defer c.Close()
	return i.exchange(a, c, groupID)
}

// finish makes the exchange of a CA directory that an earlier init made before it stopped: one that has served none.
func (i *initCommand) finish(a *app, groupID int, exists error) error {
	exists = cli.Hint(exists, "its keys are never overwritten: use it as it is, or choose another with --dir DIR")
	c, err := a.open()
	if err != nil {
		return exists
	}
	defer c.Close()
	if known, err := c.Exchanges(); err != nil || len(known) > 0 {
		return exists
	}
	a.Say("the CA directory is there already and has no exchange yet; its keys and its policy stay as they are")
	return i.exchange(a, c, groupID)
}

// exchange makes the exchange and says what comes next.
func (i *initCommand) exchange(a *app, c *ca.CA, groupID int) error {
	x, err := pass.MakeExchange(c, i.Exchange, groupID)
	if err != nil {
		made := "the CA directory " + cli.Word(a.dir) + " is made; "
		if errors.Is(err, inbox.ErrTrust) {
			return cli.Hint(err, made+"make an exchange for it elsewhere: ca-admin exchange DIR")
		}
		at := pass.Sides{Inbox: i.Exchange, Outbox: i.Exchange}
		return cli.Hint(explain(err, at), made+"once this is mended: ca-admin exchange "+cli.Word(i.Exchange))
	}
	defer x.Close()
	a.Say("made CA directory %s and exchange %s", a.dir, i.Exchange)
	waits := len(c.Waiting()) > 0
	if !waits {
		a.Say("trust fingerprint, which the component admins compare out of band:")
	}
	if a.JSON {
		done := created{cli.APIVersion, "Created", c.Trust().Fingerprint, a.dir, i.Exchange}
		if err := a.Encode(done); err != nil {
			return err
		}
	} else if !waits {
		a.Print("%s", c.Trust().Fingerprint)
	}
	a.sayWhoDrops(x)
	if err := a.sayPlain(c); err != nil {
		return err
	}
	if waits {
		a.sayWaiting(c)
		return nil
	}
	host := "component-admin init --name NAME --trust " + c.Trust().Fingerprint
	if standard, err := filepath.Abs(defaultExchange); err != nil || i.Exchange != standard {
		host += " --exchange " + cli.Word(i.Exchange)
	}
	a.Say("next, on a component host: %s", host)
	a.Say("next, here:                ca-admin enroll NAME --key identity.pub --control-plane")
	a.Say("then, here:                ca-admin watch")
	return nil
}

// sayPlain says that keys are not encrypted, and the one command that encrypts them.
func (a *app) sayPlain(c *ca.CA) error {
	for _, issuer := range c.Trust().Authorities {
		protection, err := c.Protection(issuer.Name)
		if err != nil {
			return err
		}
		if protection == ca.Plain {
			a.Say("CA keys in %s are not encrypted; to encrypt them: ca-admin passwd", a.dir)
			return nil
		}
	}
	return nil
}

func (i *initCommand) adopts() bool { return i.ImportPKI != "" || i.ImportCert != "" }

// sayWhoDrops says which users of this host may ask, where that is not everybody.
func (a *app) sayWhoDrops(x *inbox.Exchange) {
	dir := filepath.Join(x.Path(), "inbox")
	info, err := os.Stat(dir)
	if err != nil {
		return
	}
	switch mode := info.Mode().Perm(); {
	case mode&0o020 == 0:
		a.Say("only the owner of %s may drop requests; --group GROUP at init lets a group, "+
			"or: chgrp GROUP %[1]s; chmod 3770 %[1]s", cli.Word(dir))
	case mode&0o002 == 0:
		a.Say("only members of the group of %s may drop requests", cli.Word(dir))
	}
}

func (i *initCommand) setup(a *app) (s ca.Setup, err error) {
	s.Guard = i.guard
	if s.Policy, err = i.policy(); err != nil {
		return s, err
	}
	switch {
	case i.adopts():
		s.Imported, err = i.adopted(a)
	case i.ParentRequest:
		s.Waiting, err = i.specs()
	default:
		if s.Signers, err = i.signers(i.issuers()); err != nil {
			return s, err
		}
		s.Issuers, err = i.specs()
	}
	return s, err
}

// specs are the issuers to make, or to request from a parent.
func (i *initCommand) specs() ([]pki.IssuerSpec, error) {
	keyType, err := pki.ParseKeyType(i.KeyType)
	if err != nil {
		return nil, cli.WithStatus(cli.Usage, err)
	}
	var all []pki.IssuerSpec
	for _, known := range kube.Issuers() {
		if slices.Contains(i.issuers(), known.Name) {
			all = append(all, pki.IssuerSpec{Name: known.Name, CommonName: known.CommonName, KeyType: keyType,
				Days: i.Days, PathLen: i.PathLen})
		}
	}
	if i.CommonName != "" {
		all[0].CommonName = i.CommonName
	}
	return all, nil
}

// lookupGroup gives a group's number; "" is everybody's 0.
func lookupGroup(name string) (int, error) {
	if name == "" {
		return 0, nil
	}
	g, err := user.LookupGroup(name)
	if err != nil {
		return 0, cli.WithStatus(cli.Usage, err, "make the group first: groupadd "+name)
	}
	return strconv.Atoi(g.Gid)
}

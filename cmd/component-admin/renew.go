package main

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"time"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

type renewCommand struct {
	exchangeFlag
	metricsFlag
	reportFlag
	Profiles []string      `arg:"" optional:"" name:"profile" help:"Only these profiles (default: all that are due)."`
	Now      bool          `help:"Renew also what is not due, and replace open requests."`
	KeepKey  bool          `help:"Keep the present key (default: a new key)."`
	DNS      []string      `name:"dns" placeholder:"NAME" help:"Another DNS name, for profiles with names."`
	IP       []netip.Addr  `name:"ip" placeholder:"ADDRESS" help:"Another IP address, for profiles with addresses."`
	Config   []string      `type:"existingfile" placeholder:"FILE" help:"Take the names from kubeadm's configuration."`
	Days     int           `placeholder:"N" help:"Validity to ask for, in days; the CA's policy decides."`
	Wait     time.Duration `placeholder:"DURATION" help:"Wait at most this long for the answers."`
	DryRun   bool          `help:"Only print what would be requested."`
	NoHooks  bool          `help:"Leave the hooks to component-admin apply."`
}

// Help says when a certificate is due.
func (renewCommand) Help() string {
	return "A certificate is due after two thirds of its life, or earlier where `config --visit` says how often the " +
		"exchange comes by. Without an exchange it says what is due and ends with 6."
}

func (r *renewCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	defer a.writeMetrics(c, r.metricsFlag)
	names, err := r.names(c)
	if err != nil {
		return err
	}
	if _, err := c.SyncLocal(ctx); err != nil && !errors.Is(err, component.ErrUnpinned) {
		return a.explain(err)
	}
	all, there, err := r.ask(ctx, a, c, names)
	if err != nil {
		return err
	}
	result := renewed{newList("RenewalList", all), []progressItem{}, []crlItem{}}
	status := cli.Done
	switch {
	case r.DryRun:
	case there:
		run := syncRun{exchangeFlag: r.exchangeFlag, wait: r.Wait, noHooks: r.NoHooks, noReport: r.NoReport}
		run.options.Renew = true
		run.report = func(all []component.Progress, crls []component.CRLProgress) error {
			result.Progress, result.CRLs = progressItems(all), crlProgressItems(crls)
			return nil
		}
		if err := a.sync(ctx, c, run); err != nil {
			exit, printed := errors.AsType[cli.Exit](err)
			if !printed {
				return err
			}
			status = cli.Status(exit)
		}
	default:
		if status = a.warnCRLs(c); !r.NoHooks {
			status = cli.Worst(status, a.hooks(ctx, c))
		}
	}
	overlooked := "" // with an exchange at hand, what is due has been asked for
	if there && !r.DryRun {
		overlooked = component.ItemDue
	}
	due, err := a.due(c, overlooked)
	if err != nil {
		return err
	}
	if a.JSON {
		if err := a.Encode(result); err != nil {
			return err
		}
	}
	return cli.ExitWith(cli.Worst(status, due))
}

// ask makes the requests. there is false where no exchange is: a stick that is on its way is no failure of a timer.
func (r *renewCommand) ask(
	ctx context.Context, a *app, c *component.Component, names namesOf,
) (items []renewalItem, there bool, err error) {
	path := r.path(c)
	var all []component.Renewal
	err = patiently(ctx, path, patience, func(func()) error {
		x, err := inbox.Open(path)
		if err != nil {
			return err
		}
		defer x.Close()
		all, err = c.Renew(x, component.RenewOptions{
			Profiles: r.Profiles, Now: r.Now, KeepKey: r.KeepKey, Days: r.Days, DryRun: r.DryRun, Names: names,
		})
		return err
	})
	if errors.Is(err, inbox.ErrNoExchange) || errors.Is(err, inbox.ErrNotExchange) {
		a.Say("no exchange at %s: nothing is asked for now", path)
		return nil, false, nil
	}
	if err != nil {
		return nil, false, a.explain(err)
	}
	var failed []error
	for _, one := range all {
		r.report(a, one)
		items, failed = append(items, newRenewalItem(one)), append(failed, one.Failed)
	}
	return items, true, a.explain(errors.Join(failed...))
}

func (r *renewCommand) report(a *app, one component.Renewal) {
	place := one.State.Files.Place()
	switch {
	case one.Failed != nil:
		a.Warn("%s: not asked for: %v", place, one.Failed)
	case one.Waiting:
		a.Say("%s: a request has been open since %s", place, one.Open.Created.Format("2006-01-02"))
	case one.Skipped != "":
		a.Warn("%s: not asked for: %s", place, one.Skipped)
	case r.DryRun:
		a.Say("%s: would be asked for", place)
	default:
		a.Say("%s: asked for its successor", place)
	}
	for _, name := range one.Added {
		a.Say("  + %s", name)
	}
	for _, name := range one.Dropped {
		a.Say("  - %s", name)
	}
}

// namesOf says which names a place's next certificate has.
type namesOf func(s component.State, have pki.Names) (pki.Names, error)

// names are those that the certificate has and the flags add, or those that the configuration gives now.
func (r *renewCommand) names(c *component.Component) (namesOf, error) {
	added, err := (&requestCommand{DNS: r.DNS, IP: r.IP}).names()
	if err != nil {
		return nil, cli.WithStatus(cli.Usage, err)
	}
	config, err := (configFlags{Config: r.Config}).configuration()
	if err != nil {
		return nil, err
	}
	return func(s component.State, have pki.Names) (pki.Names, error) {
		profile, ok := kube.Find(kube.Latest(), s.Profile)
		if !ok || profile.Names == pki.NoNames {
			return have, nil
		}
		if len(r.Config) > 0 && !profile.Generic() {
			have = config.Ask(profile, s.Node, pki.Names{}).Names
		}
		return have.Merge(added), nil
	}, nil
}

// due says what is due and not renewed, and the next date that matters. Items in the overlooked state are worth no
// status.
func (a *app) due(c *component.Component, overlooked string) (cli.Status, error) {
	items, err := c.Items()
	if err != nil {
		return cli.Failed, a.explain(err)
	}
	now, status := cli.Now(), cli.Done
	for _, i := range items {
		if !i.IsDue(now) {
			continue
		}
		state := i.Status(now)
		if state != overlooked {
			status = cli.RenewalIsDue
		}
		if a.JSON {
			continue
		}
		a.Print("%s  %s  ends %s (%s)", dueWord(i, now), i.State.Files.Place(),
			i.Certificate.NotAfter.UTC().Format("2006-01-02"), cli.Residual(i.Certificate.NotAfter, now))
	}
	a.nextDate(c, items, now)
	return status, nil
}

func dueWord(i component.Item, now time.Time) string {
	word := map[string]string{
		component.ItemDue: "due", component.ItemOverdue: "overdue", component.ItemExpired: "expired",
	}[i.Status(now)]
	if i.Open != nil {
		word += ", asked " + i.Open.Created.Format("2006-01-02")
	}
	return word
}

// nextDate says until when the exchange has to come by, or when the next certificate is due.
func (a *app) nextDate(c *component.Component, items []component.Item, now time.Time) {
	with := slices.DeleteFunc(slices.Clone(items), func(i component.Item) bool { return i.Certificate == nil })
	if len(with) == 0 {
		return
	}
	if c.Visit != "" {
		first := slices.MinFunc(with, func(x, y component.Item) int { return x.LastSafe.Compare(y.LastSafe) })
		a.Say("bring the stick before %s: %s", first.LastSafe.UTC().Format("2006-01-02"), first.State.Files.Place())
		return
	}
	first := slices.MinFunc(with, func(x, y component.Item) int { return x.Due.Compare(y.Due) })
	if now.Before(first.Due) {
		a.Say("next is due on %s: %s", first.Due.UTC().Format("2006-01-02"), first.State.Files.Place())
	}
}

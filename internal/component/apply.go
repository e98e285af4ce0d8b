package component

import (
	"context"
	"slices"
)

// HookResult is the result of one hook.
type HookResult struct {
	Name   string
	Places []string // of what it was run for
	Output []byte   // its first 64 KiB
	Err    error    // nil where it ended with 0
}

// owed is what was installed and not yet applied.
type owed struct {
	states  []State
	issuers []IssuerFile
}

// of is the part that a hook still has to run for.
func (o owed) of(h Hook) (mine owed) {
	for _, s := range o.states {
		if h.wants(s) {
			mine.states = append(mine.states, s)
		}
	}
	for _, f := range o.issuers {
		if h.wantsIssuer(f) {
			mine.issuers = append(mine.issuers, f)
		}
	}
	return mine
}

func (o owed) none() bool { return len(o.states)+len(o.issuers) == 0 }

// Apply runs the hooks for everything that was installed and not yet applied: each hook once, with all its items. A
// hook that fails, or that was killed together with this program, runs again at each later Apply until it succeeds, so
// hooks must be safe to run twice. No lock is held meanwhile: a hook may take minutes.
func (c *Component) Apply(ctx context.Context) ([]HookResult, error) {
	pending, err := c.pending()
	if err != nil || pending.none() {
		return nil, err
	}
	hooks, err := c.Hooks()
	if err != nil {
		return nil, err
	}
	var all []HookResult
	for _, h := range hooks {
		mine := pending.of(h)
		if mine.none() {
			continue
		}
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		result := c.runHook(ctx, h, mine)
		all = append(all, result)
		if err := c.noteHook(mine, result); err != nil {
			return all, err
		}
	}
	return all, c.noteApplied(pending, hooks)
}

// wants reports whether a hook still has to run for an installed certificate.
func (h Hook) wants(s State) bool {
	return slices.Contains(h.Profiles, s.Profile) && !slices.Contains(s.Apply.Hooks, h.Name)
}

// wantsIssuer is the same for an issuer's certificate or CRL.
func (h Hook) wantsIssuer(f IssuerFile) bool {
	of := h.Issuers
	if f.IsCRL() {
		of = h.CRLs
	}
	return slices.Contains(of, f.Issuer) && !slices.Contains(f.Apply.Hooks, h.Name)
}

// pending is everything that hooks have not been run for.
func (c *Component) pending() (o owed, err error) {
	states, err := c.Requests()
	if err != nil {
		return o, err
	}
	o.states = slices.DeleteFunc(states, func(s State) bool {
		return s.Status != StatusInstalled || s.Apply == nil || s.Apply.State != ApplyPending
	})
	files, err := c.IssuerFiles()
	o.issuers = slices.DeleteFunc(files, func(f IssuerFile) bool {
		return f.Apply.State != ApplyPending || !exists(f.File)
	})
	return o, err
}

func (c *Component) runHook(ctx context.Context, h Hook, mine owed) HookResult {
	result := HookResult{Name: h.Name}
	var items []HookItem
	for _, s := range mine.states {
		items = append(items, c.hookItem(s))
		result.Places = append(result.Places, s.Files.Place())
	}
	for _, f := range mine.issuers {
		items = append(items, f.hookItem())
		result.Places = append(result.Places, f.File)
	}
	result.Output, result.Err = h.run(ctx, items, reasonOf(mine))
	return result
}

// reasonOf is why all of it was installed: what changes most stands for the rest.
func reasonOf(mine owed) string {
	if slices.ContainsFunc(mine.issuers, func(f IssuerFile) bool { return !f.IsCRL() }) {
		return ReasonIssuers
	}
	if len(mine.states) == 0 {
		return ReasonCRL
	}
	reason := ReasonFirst
	for _, s := range mine.states {
		if s.Reason == ReasonRekeyed || s.Reason == ReasonRenewed && reason == ReasonFirst {
			reason = s.Reason
		}
	}
	return reason
}

// noteHook records what came of a hook, for those that still are what is installed: a newer certificate in the same
// place owes its own hooks.
func (c *Component) noteHook(mine owed, result HookResult) error {
	return c.note(mine, func(a *Apply, _ func(Hook) bool) {
		if result.Err != nil {
			a.Attempts, a.Error = a.Attempts+1, result.Err.Error()
			return
		}
		a.Hooks = append(a.Hooks, result.Name)
	})
}

// noteApplied records what no hook is left for.
func (c *Component) noteApplied(pending owed, hooks []Hook) error {
	return c.note(pending, func(a *Apply, wanted func(Hook) bool) {
		if slices.ContainsFunc(hooks, wanted) {
			return
		}
		a.State, a.Error = ApplyDone, ""
		if len(a.Hooks) == 0 {
			a.State = ApplyNone
		}
	})
}

// note changes how far the hooks are, in the states as they are now; wanted is whether a hook still has to run.
func (c *Component) note(mine owed, change func(a *Apply, wanted func(Hook) bool)) error {
	lock, err := c.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	for _, s := range mine.states {
		now, err := c.state(s.ID)
		if err != nil {
			return err
		}
		if now.Apply == nil {
			continue
		}
		change(now.Apply, func(h Hook) bool { return h.wants(now) })
		if err := c.save(now); err != nil {
			return err
		}
	}
	if len(mine.issuers) == 0 {
		return nil
	}
	files, err := c.IssuerFiles()
	if err != nil {
		return err
	}
	for i := range files {
		same := func(f IssuerFile) bool { return f.File == files[i].File && f.Fingerprint == files[i].Fingerprint }
		if slices.ContainsFunc(mine.issuers, same) {
			change(&files[i].Apply, func(h Hook) bool { return h.wantsIssuer(files[i]) })
		}
	}
	return c.saveIssuerFiles(files)
}

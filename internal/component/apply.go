package component

import (
	"context"
	"slices"
)

// HookResult is what came of one hook.
type HookResult struct {
	Name   string
	Places []string // of what it was run for
	Output []byte   // its first 64 KiB
	Err    error    // nil where it ended with 0
}

// Apply runs the hooks of all that was installed and not yet applied: each hook once, with everything it is for. A hook
// that fails is run again at the next Apply, for ever; one that was killed together with this program, too, so hooks
// have to be safe to run twice. No lock is held meanwhile: a hook may take minutes.
func (c *Component) Apply(ctx context.Context) ([]HookResult, error) {
	pending, err := c.pending()
	if err != nil || len(pending) == 0 {
		return nil, err
	}
	hooks, err := c.Hooks()
	if err != nil {
		return nil, err
	}
	var all []HookResult
	for _, h := range hooks {
		mine := slices.DeleteFunc(slices.Clone(pending), func(s State) bool { return !h.wants(s) })
		if len(mine) == 0 {
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

// pending are the installed certificates that hooks have not been run for.
func (c *Component) pending() ([]State, error) {
	states, err := c.Requests()
	return slices.DeleteFunc(states, func(s State) bool {
		return s.Status != StatusInstalled || s.Apply == nil || s.Apply.State != ApplyPending
	}), err
}

func (c *Component) runHook(ctx context.Context, h Hook, states []State) HookResult {
	result := HookResult{Name: h.Name}
	var items []HookItem
	for _, s := range states {
		items = append(items, c.hookItem(s))
		result.Places = append(result.Places, s.Files.Place())
	}
	result.Output, result.Err = h.run(ctx, items, reasonOf(states))
	return result
}

// reasonOf is why all of them were installed: what changes most stands for the rest.
func reasonOf(states []State) string {
	reason := ReasonFirst
	for _, s := range states {
		if s.Reason == ReasonRekeyed || s.Reason == ReasonRenewed && reason == ReasonFirst {
			reason = s.Reason
		}
	}
	return reason
}

// noteHook records what came of a hook, for those that still are what is installed: a newer certificate in the same
// place owes its own hooks.
func (c *Component) noteHook(states []State, result HookResult) error {
	return c.note(states, func(now *State) {
		if result.Err != nil {
			now.Apply.Attempts, now.Apply.Error = now.Apply.Attempts+1, result.Err.Error()
			return
		}
		now.Apply.Hooks = append(now.Apply.Hooks, result.Name)
	})
}

// noteApplied records what no hook is left for.
func (c *Component) noteApplied(states []State, hooks []Hook) error {
	return c.note(states, func(now *State) {
		if slices.ContainsFunc(hooks, func(h Hook) bool { return h.wants(*now) }) {
			return
		}
		now.Apply.State, now.Apply.Error = ApplyDone, ""
		if len(now.Apply.Hooks) == 0 {
			now.Apply.State = ApplyNone
		}
	})
}

// note changes how far the hooks are, in the states as they are now.
func (c *Component) note(states []State, change func(*State)) error {
	lock, err := c.Lock()
	if err != nil {
		return err
	}
	defer lock.Release()
	for _, s := range states {
		now, err := c.state(s.ID)
		if err != nil {
			return err
		}
		if now.Apply == nil {
			continue
		}
		change(&now)
		if err := c.save(now); err != nil {
			return err
		}
	}
	return nil
}

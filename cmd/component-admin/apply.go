package main

import (
	"bytes"
	"context"
	"strings"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/refusal"
)

type applyCommand struct{}

// Help says what a hook has to be.
func (applyCommand) Help() string {
	return "Hooks stand in component-admin/hooks.yaml below the component directory. A hook has to be safe to " +
		"run twice."
}

func (applyCommand) Run(ctx context.Context, a *app) error {
	c, err := a.open()
	if err != nil {
		return err
	}
	defer c.Close()
	return cli.ExitWith(a.hooks(ctx, c))
}

// hooks runs what is pending and reports the results. The next sync, renew or apply runs a hook that failed again.
func (a *app) hooks(ctx context.Context, c *component.Component) cli.Status {
	results, err := c.Apply(ctx)
	status := cli.Done
	for _, r := range results {
		attrs := []any{"hook", r.Name, "files", strings.Join(r.Places, ",")}
		for line := range bytes.Lines(r.Output) {
			a.log.Info("a hook says", "hook", r.Name, "line", refusal.Quote(strings.TrimRight(string(line), "\n")))
		}
		if r.Err != nil {
			status = cli.Failed
			a.log.Warn("a hook failed; it runs again with the next sync, renew or apply",
				append(attrs, "error", r.Err)...)
			continue
		}
		a.log.Info("a hook ran", attrs...)
	}
	if err != nil {
		status = cli.Failed
		a.Warn("%v", err)
		a.Hint("what is pending stays pending; when this is mended: component-admin apply")
	}
	return status
}

package main

import (
	"context"
	"strings"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/component"
	"ca-exchange/internal/inbox"
)

// reportFlag turns the host's report off for one command.
type reportFlag struct {
	NoReport bool `help:"Do not tell the CA what is installed here."`
}

// tell drops the host's report. Whatever keeps it from the exchange, the command's own result stands.
func (a *app) tell(ctx context.Context, c *component.Component, path string) {
	program, _, _ := strings.Cut(cli.Version("component-admin"), ",")
	err := patiently(ctx, path, patience, func(func()) error {
		x, err := inbox.Open(path)
		if err != nil {
			return err
		}
		defer x.Close()
		_, err = c.Report(ctx, x, program)
		return err
	})
	if err != nil && ctx.Err() == nil {
		a.Warn("the CA is not told what is installed here: %v", err)
	}
}

// Command component-admin is the component's side of the exchange: it makes keys that never leave their host, drops
// requests into the inbox and installs the certificates that come back, once they are verified.
package main

import (
	"context"
	"os"

	"ca-exchange/internal/cli"
	"ca-exchange/internal/manual"
)

// commands is the command line; one file each.
type commands struct {
	cli.Flags
	Dir string `env:"COMPONENT_ADMIN_DIR" default:"./component" type:"path" help:"Component directory (${env})."`

	Init   initCommand   `cmd:"" group:"begin" output:"json" help:"Set up a component directory."`
	Config configCommand `cmd:"" group:"begin" output:"json" help:"Show or change this host's name and exchange."`
	Trust  trustCommand  `cmd:"" group:"begin" help:"Pin the CA by its fingerprint."`

	Request requestCommand `cmd:"" group:"ask" output:"json" help:"Make keys and ask for their certificates."`
	Sync    syncCommand    `cmd:"" group:"ask" output:"json" help:"Install answers, drop open requests."`
	Renew   renewCommand   `cmd:"" group:"ask" output:"json" help:"Renew what is due, by a timer or with a stick."`
	Install installCommand `cmd:"" group:"ask" output:"json" help:"Install an answer that came by mail."`
	Forget  forgetCommand  `cmd:"" group:"ask" help:"Abandon a request, or stop renewing an installed certificate."`

	Status statusCommand `cmd:"" group:"look" output:"json" help:"Show what is installed, open and due."`
	Doctor doctorCommand `cmd:"" group:"look" output:"json" help:"Check that kubeadm accepts this host."`

	Hooks      applyCommand      `cmd:"" name:"apply" group:"care" help:"Run the pending hooks."`
	Kubeconfig kubeconfigCommand `cmd:"" group:"care" help:"Point an installed kubeconfig at another API server."`

	Completion manual.Completion `cmd:"" group:"manual" help:"Print the completion script of a shell."`
	Man        manual.Man        `cmd:"" group:"manual" help:"Print the manual page."`
}

// Groups are the headings of the groups of commands.
func (*commands) Groups() map[string]string {
	return map[string]string{
		"begin": "To begin:", "ask": "Certificates:", "look": "To look:", "care": "Care:", "manual": "Manual:",
	}
}

func main() {
	var c commands
	t := cli.New("component-admin")
	os.Exit(int(cli.Main(t, about, &c, func(ctx context.Context) any {
		c.Apply(t)
		t.WorksAt(c.Dir, defaultDir, "COMPONENT_ADMIN_DIR")
		return &app{Terminal: t, dir: c.Dir, log: t.Logger(c.LogFormat)}
	})))
}

const about = "Get certificates for the components of this host from a CA that somebody else runs, maybe offline."

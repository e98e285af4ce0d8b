// Command component-admin is the component's side of the exchange: it makes keys that never leave their host, drops
// requests into the inbox and installs the certificates that come back, once they are verified.
package main

import (
	"context"
	"os"

	"ca-exchange/internal/cli"
)

// commands is the command line; one file each.
type commands struct {
	cli.Flags
	Dir string `env:"COMPONENT_ADMIN_DIR" default:"./component" type:"path" help:"Component directory (${env})."`

	Init       initCommand       `cmd:"" help:"Set a component directory up."`
	Config     configCommand     `cmd:"" help:"Show or change this host's name, addresses and exchange."`
	Trust      trustCommand      `cmd:"" help:"Pin the CA by its fingerprint."`
	Request    requestCommand    `cmd:"" help:"Make keys and ask for their certificates."`
	Sync       syncCommand       `cmd:"" help:"Install what is answered, drop what is not."`
	Install    installCommand    `cmd:"" help:"Install an answer that came by mail."`
	Forget     forgetCommand     `cmd:"" help:"Give a request up, or stop renewing what is installed."`
	Renew      renewCommand      `cmd:"" help:"Renew what is due: for a timer, or a visit with a stick."`
	Hooks      applyCommand      `cmd:"" name:"apply" help:"Run the hooks of what was installed and not yet applied."`
	Status     statusCommand     `cmd:"" output:"json" help:"Show what is installed, open and due."`
	Doctor     doctorCommand     `cmd:"" output:"json" help:"Check that kubeadm and the components accept this host."`
	Kubeconfig kubeconfigCommand `cmd:"" help:"Point an installed kubeconfig at another API server."`
}

func main() {
	var c commands
	t := cli.New("component-admin")
	os.Exit(int(cli.Main(t, about, &c, func(ctx context.Context) any {
		c.Apply(t)
		return &app{t, c.Dir, t.Logger(c.LogFormat)}
	})))
}

const about = "Get certificates for the components of this host from a CA that somebody else runs, maybe offline."

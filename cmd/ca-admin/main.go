// Command ca-admin is the CA's side of the exchange: it alone holds the CA keys, watches the inbox, decides by policy
// or asks its person, signs, records, and writes certificates to the outbox.
package main

import (
	"context"
	"os"

	"ca-exchange/internal/cli"
)

// commands is the command line; one file each.
type commands struct {
	cli.Flags
	Dir string `env:"CA_ADMIN_DIR" default:"./ca" type:"path" placeholder:"DIR" help:"CA directory: keys, policy, ledger (${env})."`

	Init       initCommand       `cmd:"" help:"Make a CA directory and an exchange."`
	Exchange   exchangeCommand   `cmd:"" help:"Make another exchange, for example on a USB stick, or repair one."`
	Watch      watchCommand      `cmd:"" help:"Answer requests as they come, until stopped."`
	Sync       syncCommand       `cmd:"" help:"Answer all requests that are there now, and exit."`
	Pending    pendingCommand    `cmd:"" help:"List the requests that wait for a person."`
	Review     reviewCommand     `cmd:"" help:"Go through the waiting requests, one key each."`
	Show       showCommand       `cmd:"" help:"Show a request, a certificate or a file."`
	Check      checkCommand      `cmd:"" help:"Say what the policy would decide on a file; signs nothing."`
	Approve    approveCommand    `cmd:"" help:"Sign a held request after showing what will be signed."`
	Deny       denyCommand       `cmd:"" help:"Deny a held request, until a person reopens it."`
	Sign       signCommand       `cmd:"" help:"Sign a request file by hand."`
	List       listCommand       `cmd:"" help:"List the certificates that were issued."`
	Status     statusCommand     `cmd:"" help:"Show how the CA stands."`
	Enroll     enrollCommand     `cmd:"" help:"Enroll a requester: whose signature counts, and for what."`
	Scope      scopeCommand      `cmd:"" help:"Show or change what an enrolled requester may ask for."`
	Unenroll   unenrollCommand   `cmd:"" help:"Take a requester's enrolment back."`
	Requesters requestersCommand `cmd:"" help:"List who is enrolled."`
	Profiles   profilesCommand   `cmd:"" help:"List the profiles, or show one."`
	Policy     policyCommand     `cmd:"" help:"Print the policy in force, or the line that is wrong."`
	Verify     verifyCommand     `cmd:"" help:"Check the ledger's chain."`
	Migrate    migrateCommand    `cmd:"" help:"Bring the ledger of an older version to this one; a copy is kept."`
	Clock      clockCommand      `cmd:"" help:"Compare the clock with the ledger."`
}

func main() {
	var c commands
	t := cli.New("ca-admin")
	os.Exit(int(cli.Main(t, "Issue certificates for components whose keys never leave their hosts, through a shared directory.", &c, func(ctx context.Context) any {
		c.Apply(t)
		return newApp(ctx, t, &c)
	})))
}

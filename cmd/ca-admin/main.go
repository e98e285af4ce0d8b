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

	Init     initCommand     `cmd:"" group:"To begin:" help:"Make a CA directory and an exchange."`
	Exchange exchangeCommand `cmd:"" group:"To begin:" output:"json" help:"Make another exchange, for example on a USB stick, or repair one."`

	Watch   watchCommand   `cmd:"" group:"Requests:" help:"Answer requests as they come, until stopped."`
	Sync    syncCommand    `cmd:"" group:"Requests:" output:"json" help:"Answer all requests that are there now, and exit."`
	Pending pendingCommand `cmd:"" group:"Requests:" output:"json" help:"List the requests that wait for a person."`
	Review  reviewCommand  `cmd:"" group:"Requests:" help:"Go through the waiting requests, one key each."`
	Approve approveCommand `cmd:"" group:"Requests:" output:"json" help:"Sign a held request after showing what will be signed."`
	Deny    denyCommand    `cmd:"" group:"Requests:" output:"json" help:"Deny a held request, until a person reopens it."`
	Sign    signCommand    `cmd:"" group:"Requests:" help:"Sign a request file by hand."`
	Check   checkCommand   `cmd:"" group:"Requests:" output:"json" help:"Say what the policy would decide on a file; signs nothing."`

	List   listCommand   `cmd:"" group:"To look:" output:"json,csv" help:"List the certificates that were issued: all that nothing has replaced."`
	Show   showCommand   `cmd:"" group:"To look:" output:"json" help:"Show a request, a certificate or a file."`
	Export exportCommand `cmd:"" group:"To look:" help:"Print a certificate, for openssl or another program."`
	Events eventsCommand `cmd:"" group:"To look:" output:"json" help:"Print the event log: what was decided, by whom."`
	Status statusCommand `cmd:"" group:"To look:" output:"json" help:"Show how the CA stands."`

	Enroll     enrollCommand     `cmd:"" group:"Who may ask for what:" help:"Enroll a requester: whose signature counts, and for what."`
	Scope      scopeCommand      `cmd:"" group:"Who may ask for what:" help:"Show or change what an enrolled requester may ask for."`
	Unenroll   unenrollCommand   `cmd:"" group:"Who may ask for what:" help:"Take a requester's enrolment back."`
	Requesters requestersCommand `cmd:"" group:"Who may ask for what:" output:"json" help:"List who is enrolled."`
	Profiles   profilesCommand   `cmd:"" group:"Who may ask for what:" output:"json" help:"List the profiles, or show one."`
	Policy     policyCommand     `cmd:"" group:"Who may ask for what:" output:"json" help:"Print the policy in force, or the line that is wrong."`

	Verify  verifyCommand  `cmd:"" group:"Care:" output:"json" help:"Check the ledger's chain."`
	Recover recoverCommand `cmd:"" group:"Care:" output:"json" help:"After an old copy was put back: take certificates from the exchanges into the ledger."`
	Migrate migrateCommand `cmd:"" group:"Care:" help:"Bring the ledger of an older version to this one; a copy is kept."`
	Clock   clockCommand   `cmd:"" group:"Care:" help:"Compare the clock with the ledger."`
}

func main() {
	var c commands
	t := cli.New("ca-admin")
	os.Exit(int(cli.Main(t, "Issue certificates for components whose keys never leave their hosts, through a shared directory.", &c, func(ctx context.Context) any {
		c.Apply(t)
		return newApp(ctx, t, &c)
	})))
}

// Command ca-admin is the CA's side of the exchange: it alone holds the CA keys, watches the inbox, decides by policy
// or asks its person, signs, records, and writes certificates to the outbox.
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
	Dir string `env:"CA_ADMIN_DIR" default:"./ca" type:"path" placeholder:"DIR" help:"CA directory (${env})."`
	passphraseFlags

	Init     initCommand     `cmd:"" group:"begin" output:"json" help:"Make a CA directory and an exchange."`
	Issuer   issuerCommand   `cmd:"" group:"begin" help:"Take an issuer's certificate, or say who signs for it."`
	Exchange exchangeCommand `cmd:"" group:"begin" output:"json" help:"List the exchanges, make or repair one."`
	Import   importCommand   `cmd:"" group:"begin" output:"json" help:"Take over the certificates of another CA."`

	Watch   watchCommand   `cmd:"" group:"ask" help:"Answer requests as they come, until stopped."`
	Sync    syncCommand    `cmd:"" group:"ask" output:"json" help:"Answer the requests that are there now, and exit."`
	Pending pendingCommand `cmd:"" group:"ask" output:"json" help:"List the requests that wait for a person."`
	Review  reviewCommand  `cmd:"" group:"ask" help:"Go through the waiting requests, one key each."`
	Approve approveCommand `cmd:"" group:"ask" output:"json" help:"Sign a held request, after showing what."`
	Deny    denyCommand    `cmd:"" group:"ask" output:"json" help:"Deny a held request, until a person reopens it."`
	Sign    signCommand    `cmd:"" group:"ask" output:"json" help:"Sign a request file by hand."`
	Check   checkCommand   `cmd:"" group:"ask" output:"json" help:"Say what the policy would decide on a file."`

	List   listCommand   `cmd:"" group:"look" output:"json,csv" help:"List the certificates that are in use, or all."`
	Show   showCommand   `cmd:"" group:"look" output:"json" help:"Show a request, a certificate or a file."`
	Export exportCommand `cmd:"" group:"look" help:"Print a certificate, or write all for openssl ca."`
	Report reportCommand `cmd:"" group:"look" help:"Write a page for a browser, or a calendar."`
	Events eventsCommand `cmd:"" group:"look" output:"json" help:"Print the event log: what was decided, by whom."`
	Status statusCommand `cmd:"" group:"look" output:"json" help:"Show how the CA stands."`

	Revoke revokeCommand `cmd:"" group:"end" output:"json" help:"Revoke certificates, and publish the lists of them."`
	CRL    crlCommand    `cmd:"" name:"crl" group:"end" output:"json" help:"Sign lists of revoked certificates."`

	Enroll     enrollCommand     `cmd:"" group:"who" output:"json" help:"Enroll a requester: whose signature counts."`
	Scope      scopeCommand      `cmd:"" group:"who" output:"json" help:"Show or change what a requester may ask for."`
	Unenroll   unenrollCommand   `cmd:"" group:"who" help:"Take a requester's enrolment back."`
	Requesters requestersCommand `cmd:"" group:"who" output:"json" help:"List who is enrolled."`
	Profiles   profilesCommand   `cmd:"" group:"who" output:"json" help:"List the profiles, or show one."`
	Policy     policyCommand     `cmd:"" group:"who" output:"json" help:"Print the policy in force, or its mistake."`

	Unlock  unlockCommand  `cmd:"" group:"care" help:"Hand the passphrase of the CA keys to the running watch."`
	Lock    lockCommand    `cmd:"" group:"care" help:"Make the running watch forget the CA keys."`
	Passwd  passwdCommand  `cmd:"" group:"care" output:"json" help:"Encrypt the CA keys, or change their passphrase."`
	Verify  verifyCommand  `cmd:"" group:"care" output:"json" help:"Check the ledger's chain."`
	Backup  backupCommand  `cmd:"" group:"care" output:"json" help:"Copy the CA directory to a file, beside a watch."`
	Restore restoreCommand `cmd:"" group:"care" help:"Make a CA directory of a backup."`
	Recover recoverCommand `cmd:"" group:"care" output:"json" help:"Take back what a restored ledger lacks."`
	Migrate migrateCommand `cmd:"" group:"care" help:"Bring an older ledger to this version; a copy is kept."`
	Archive archiveCommand `cmd:"" group:"care" help:"Move the bytes of ended certificates to a file, or back."`
	Clock   clockCommand   `cmd:"" group:"care" output:"json" help:"Compare the clock with the ledger."`

	Completion manual.Completion `cmd:"" group:"manual" help:"Print the completion script of a shell."`
	Man        manual.Man        `cmd:"" group:"manual" help:"Print the manual page."`
}

// Groups are the headings of the groups of commands.
func (*commands) Groups() map[string]string {
	return map[string]string{
		"begin": "To begin:", "ask": "Requests:", "look": "To look:", "end": "Revocation:",
		"who": "Who may ask for what:", "care": "Care:", "manual": "Manual:",
	}
}

func main() {
	var c commands
	t := cli.New("ca-admin")
	os.Exit(int(cli.Main(t, about, &c, func(ctx context.Context) any {
		c.Apply(t)
		return newApp(ctx, t, &c)
	})))
}

const about = "Issue certificates for components whose keys never leave their hosts, through a shared directory."

// Package ca is the CA's side: the CA directory with its keys, and the one place that fixes the order in which a
// request becomes a certificate:
//
//	entry → bytes → pki.Request → policy.Decision → plan → certificate → ledger record → answer → entry removed
//
// pass.go runs that order for everything an exchange holds, person.go for what a person decides, recover.go after a
// crash. It prints nothing: what people should know goes to the logger or comes back as values.
package ca

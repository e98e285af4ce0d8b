// Package ca is the CA directory: the issuers and their keys, the rules (policy, requesters, blocked keys), enrolment,
// the ledger, and what a person proposes, approves and denies. Package pass answers exchanges with it. It prints
// nothing: what people should know goes to the logger or is returned as values.
package ca

// Package signer signs with an issuer's key that is kept elsewhere: in an ssh-agent (Agent), or behind a program that
// is run for each signature (Exec). It never sees the key. Every signature is verified with the issuer's public key
// before it is returned, and none takes longer than Limit. Whoever reaches the agent's socket, or may run the program,
// can sign: this package cannot change that.
package signer

// Package policy decides what a request may become: issued, held for a person, or denied. It is pure: the policy's
// bytes, a request and a time go in, a decision comes out. It reads no file, knows no clock and signs nothing; what
// may be signed leaves it as a Grant, which only a decision to issue or a person's approval can make.
package policy

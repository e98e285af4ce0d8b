// Package pki is X.509 without files or opinions: key types, names, profiles, plans, issuers, certificates, trust and
// verification. It takes bytes and a time and returns values. Time is always UTC; fingerprints are SHA-256 of DER in
// lower-case hex.
package pki

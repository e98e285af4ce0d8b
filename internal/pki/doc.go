// Package pki is the X.509 of the exchange: keys, requests and their covers, profiles, plans, issuers,
// certificates and their verification. It takes bytes and a time and gives values; it opens no file,
// holds no policy and prints nothing. Time is always UTC, fingerprints are SHA-256 of DER in lower-case hex.
package pki

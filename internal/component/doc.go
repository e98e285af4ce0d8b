// Package component is the component admin's side: the component directory with kubeadm's layout, open requests and
// their keys, the installation of verified certificates, and their renewal. It does not trust the exchange: it installs
// only a certificate that passes every check against the pinned issuers.
//
// Files by topic, each using only those above it:
//
//	config, owner, component   the directory and who may use it
//	identity, trust            the requester's key, the CA's fingerprint
//	state                      requests/<id>/state.json
//	place, installed           files in their places, and what lies there now
//	request                    makes a request
//	answer, install            looks for an answer and puts it into place
//	crl, crltake               the issuers' CRLs beside their certificates
//	drop, tidy, sync           what is dropped, withdrawn and cleared away, and in which order
package component

// Package component is the component admin's side: the component directory with kubeadm's layout, open requests and
// their keys, and the installation of what was verified. It believes nothing that the exchange says: only a certificate
// that passes every check against the pinned issuers is ever installed.
package component

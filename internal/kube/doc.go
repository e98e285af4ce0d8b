// Package kube holds what Kubernetes fixes: which certificates a cluster needs in each release, under which
// subject, usages and file, what a kubeconfig looks like, and what kubeadm's configuration says about names.
// Bytes in, values out: it opens no file, asks no server, and decides nothing about who may have a certificate.
//
// The facts come from kubeadm's sources (cmd/kubeadm/app/phases/certs, .../phases/kubeconfig) and from what
// v1.37.2 was observed to write; each difference between releases names its release where it stands.
package kube

package component

import (
	"strings"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// etcdManifest is the static pod of etcd below the component directory, as kubeadm writes it.
const etcdManifest = "manifests/etcd.yaml"

// The flags by which etcd reads CRLs: of its clients, and of the other members.
const clientCRLFlag, peerCRLFlag = "client-crl-file", "peer-crl-file"

// etcdPod is the static pod of etcd on this host.
type etcdPod struct {
	kube.Pod
	manifest string
	issuer   pki.Authority
}

// etcdCRLs examines which CRLs the static pod of etcd reads, if any. looked are the files that were examined before.
func (e *examination) etcdCRLs(issuer pki.Authority, looked map[string]bool) {
	manifest := e.below("", etcdManifest)
	if !exists(manifest) {
		return
	}
	pod, err := kube.ParsePod(e.public(manifest, remedy{}), "etcd")
	if err != nil {
		e.find(Advice, manifest, by("kubeadm", "init", "phase", "etcd", "local", "--dry-run"),
			"cannot determine which CRLs etcd reads: %v", err)
		return
	}
	p := etcdPod{pod, manifest, issuer}
	var lacking []string
	for _, flag := range []string{clientCRLFlag, peerCRLFlag} {
		if p.Flags[flag] == "" {
			lacking = append(lacking, flag)
			continue
		}
		e.etcdReads(p, flag, looked)
	}
	if own := e.at("pki/etcd/ca.crl"); len(lacking) > 0 && exists(own) {
		e.find(Advice, manifest, p.reading(lacking), "etcd lacks --%s: it does not read %s there, and serves those "+
			"whose certificates were revoked", strings.Join(lacking, " and --"), own)
	}
	e.etcdIgnores(p)
}

// etcdReads examines the file that a flag of etcd names, which is another one on the host than in the container.
func (e *examination) etcdReads(p etcdPod, flag string, looked map[string]bool) {
	named := p.Flags[flag]
	onHost, mounted := p.HostPath(named)
	if !mounted {
		e.find(Wrong, p.manifest, p.naming(named, p.crlInside()),
			"--%s names %s, which no volume brings into the container: etcd refuses every client", flag, named)
		return
	}
	file := e.onHost(onHost)
	if der, inPEM := strings.CutSuffix(file, crlPEMSuffix); inPEM && exists(der) {
		severity := Wrong
		if v, known := p.Version(); known && v.Before(kube.ImageVersion{Major: 3, Minor: 6}) {
			severity = Advice
		}
		e.find(severity, p.manifest, p.naming(named, strings.TrimSuffix(named, crlPEMSuffix)),
			"--%s names %s, which is in PEM: etcd 3.6 and newer read DER alone, and refuse every client", flag, named)
		return
	}
	if looked[file] {
		return
	}
	looked[file] = true
	if !exists(file) {
		e.find(Wrong, file, e.nextCRL(p.issuer),
			"the file is missing: etcd reads it (--%s), and refuses every client", flag)
		return
	}
	e.crl(file, p.issuer)
}

// etcdIgnores reports the versions of etcd that look at no CRL on their gRPC port when HTTP has a port of its own
// (GHSA-3wh4-j44w-pg92).
func (e *examination) etcdIgnores(p etcdPod) {
	if p.Flags[clientCRLFlag] == "" || p.Flags["listen-client-http-urls"] == "" {
		return
	}
	const mended = "3.5.32 and 3.6.13"
	mend := by("sed", "-i", "/--listen-client-http-urls/d", p.manifest)
	v, known := p.Version()
	switch {
	case !known:
		e.find(Advice, p.manifest, mend, "with --listen-client-http-urls, etcd before %s ignores the CRL on gRPC, and "+
			"the name of its image does not say which one this is", mended)
	case v.Before(kube.ImageVersion{Major: 3, Minor: 5, Patch: 32}),
		v.Minor == 6 && v.Before(kube.ImageVersion{Major: 3, Minor: 6, Patch: 13}):
		e.find(Wrong, p.manifest, mend, "with --listen-client-http-urls, etcd %s ignores the CRL on gRPC and serves "+
			"those whose certificates were revoked (mended in %s)", v, mended)
	}
}

// crlInside is where its container sees the CRL that component-admin installs: beside the CA's certificate.
func (p etcdPod) crlInside() string {
	if file, ok := strings.CutSuffix(p.Flags["trusted-ca-file"], ".crt"); ok {
		return file + ".crl"
	}
	return kube.DefaultCertificatesDir + "/etcd/ca.crl"
}

// naming makes flags name another file. The kubelet starts the pod again by itself when its manifest changes.
func (p etcdPod) naming(old, file string) remedy {
	return by("sed", "-i", "s#="+old+"$#="+file+"#", p.manifest)
}

// reading adds flags to the command, below etcd's name.
func (p etcdPod) reading(flags []string) remedy {
	script := `s#^\( *\)- etcd$#&`
	for _, flag := range flags {
		script += `\n\1- --` + flag + "=" + p.crlInside()
	}
	return by("sed", "-i", script+"#", p.manifest)
}

package component

import (
	"cmp"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// Examine checks every file that kubeadm and the components will read, offline and without changing any. Its error
// names what the configuration lacks to determine the kind of the host.
func (h Host) Examine() (Report, error) {
	if h.Node == "" {
		h.Node = cmp.Or(h.nodeOfKubelet(), h.nodeOfEtcd())
	}
	e, err := newExamination(h)
	if err != nil {
		return Report{}, err
	}
	asks, err := e.asks()
	if err != nil {
		return Report{}, err
	}
	e.issuers()
	e.crls()
	for _, ask := range asks {
		e.certificate(ask)
	}
	for _, s := range e.requests {
		if p, err := profileOf(s); err == nil && p.Generic() && s.Status == StatusInstalled {
			e.generic(s, p)
		}
	}
	if e.kind == controlPlaneHost {
		e.serviceAccount()
		e.externalEtcd()
	}
	return Report{e.Node, e.kind != controlPlaneHost, h.runs(), e.conclude()}, nil
}

// asks are what the host should have asked for.
func (e *examination) asks() (asks []kube.Ask, err error) {
	switch {
	case e.Known && e.kind == workerHost:
		return kube.Worker(e.Config, e.Node, pki.Names{})
	case e.Known:
		return kube.ControlPlane(e.Config, e.Node, pki.Names{})
	}
	for _, p := range e.kind.profiles(e.Config) {
		ask := e.Config.Ask(p, e.Node, pki.Names{})
		ask.Server, ask.Names = "", pki.Names{}
		if e.Node != "" && p.Names != pki.NoNames { // what a guess is worth: the node's own name
			ask.Names.DNS = []string{e.Node}
		}
		asks = append(asks, ask)
	}
	return asks, nil
}

// certificate examines what one request of the host brings.
func (e *examination) certificate(ask kube.Ask) {
	p := ask.Profile
	if p.Kubeconfig != "" {
		e.kubeconfig(ask)
		return
	}
	certificateFile, keyFile := e.at(p.Certificate), e.at(p.Key)
	if p.InKubelet {
		certificateFile, keyFile = e.inKubelet(p.Certificate), e.inKubelet(p.Key)
	}
	if p.InKubelet && !exists(certificateFile) && !exists(keyFile) {
		e.find(Advice, certificateFile, e.request(p),
			"the file is missing: the kubelet will sign a certificate itself, which nobody can verify")
		return
	}
	certificate, key := e.public(certificateFile, e.request(p)), e.private(keyFile, e.request(p))
	if certificate != nil && key != nil {
		e.pair(ask, pair{certificateFile, certificate, keyFile, key, e.request(p)})
	}
}

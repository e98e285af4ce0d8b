package component

import (
	"slices"

	"ca-exchange/internal/kube"
	"ca-exchange/internal/pki"
)

// Examine checks every file that kubeadm and the components will read, offline and without changing any. Its error
// names what the configuration lacks to determine the kind of the host.
func (h Host) Examine() (Report, error) {
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
		for _, files := range e.filesOf(ask.Profile) {
			e.certificate(placed{ask, files})
		}
	}
	e.installed(asks)
	switch {
	case e.kind == controlPlaneHost:
		e.serviceAccount()
		e.externalEtcd()
	case e.handMade():
		e.unadopted()
		if exists(e.at(kube.ServiceAccountKey)) {
			e.serviceAccount()
		}
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

// placed is what the host asks for, and where it is.
type placed struct {
	kube.Ask
	Files
}

// filesOf are the places of a profile's certificates: those of what this program installed or asks for, and the usual
// one where there are none or something lies there.
func (e *examination) filesOf(p kube.Profile) []Files {
	all, usual := placesOf(p.Name, e.requests), e.Layout.Files(p)
	there := len(all) == 0 || exists(e.below("", usual.Place()))
	for i, f := range all {
		if f.Kubelet = usual.Kubelet; f.Place() == usual.Place() { // this command says where the kubelet's are
			all[i], there = usual, false
		}
	}
	if there {
		return append(all, usual)
	}
	return all
}

// installed examines what this program installed beyond what the host is known to have: certificates of other
// components, and those of a host whose kind nothing tells.
func (e *examination) installed(asks []kube.Ask) {
	for _, s := range e.requests {
		p, err := profileOf(s)
		asked := slices.ContainsFunc(asks, func(ask kube.Ask) bool { return ask.Profile.Name == s.Profile })
		switch {
		case err != nil || s.Status != StatusInstalled || asked:
		case p.Generic():
			e.generic(s, p)
		default:
			ask := e.Config.Ask(p, s.Node, pki.Names{})
			ask.Server, ask.Names = "", pki.Names{}
			e.certificate(placed{ask, s.Files})
		}
	}
}

// certificate examines what one request of the host brings.
func (e *examination) certificate(on placed) {
	if on.Kubeconfig != "" {
		e.kubeconfig(on)
	}
	if on.embedded() {
		return
	}
	certificateFile, keyFile := e.below(on.pairRoot(), on.Certificate), e.below(on.pairRoot(), on.Files.Key)
	if on.Profile.InKubelet && !exists(certificateFile) && !exists(keyFile) {
		e.find(Advice, certificateFile, e.request(on),
			"the file is missing: the kubelet will sign a certificate itself, which nobody can verify")
		return
	}
	certificate, key := e.public(certificateFile, e.request(on)), e.private(keyFile, e.request(on))
	if certificate != nil && key != nil {
		e.pair(on, pair{certificateFile, certificate, keyFile, key, e.request(on)})
	}
}

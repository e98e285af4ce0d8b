package kube

import (
	"fmt"
	"path"
	"time"
)

// By is what makes a running component use a certificate that was put in the place of an older one.
type By int

const (
	Unknown By = iota // the reader is any program: a generic profile
	Itself            // the component looks at the files again
	Restart           // the component reads the files only at its start
)

// Effect says how a new certificate of a profile takes effect.
type Effect struct {
	By      By
	Reader  string        // the component that reads the files; "" where By is Unknown
	Within  time.Duration // of Itself: the most it takes; 0 at the next connection that the component opens or accepts
	Since   int           // the minor of Kubernetes 1.x from which this holds; 0 for every release that is known
	Command string        // of Restart: what a person types on a host that kubeadm made
}

// EffectOf is the effect of a profile's certificate in a release.
func EffectOf(profile string, r Release) Effect {
	var found Effect
	for _, row := range effects() {
		if row.profile == profile && r.since(row.Since) {
			found = row.Effect
		}
	}
	return found
}

// OfUnit is the effect where systemd starts the components, as in a cluster that was made by hand.
func (e Effect) OfUnit() Effect {
	if e.By == Restart {
		return restartUnit(e.Reader)
	}
	return e
}

// Sentence says for a person what follows from an installation. Of file, a path with slashes, it names the last part.
func (e Effect) Sentence(file string) string {
	name := path.Base(file)
	switch {
	case e.By == Restart:
		return fmt.Sprintf("%s reads %s only at its start: restart it: %s", e.Reader, name, e.Command)
	case e.By == Unknown:
		return fmt.Sprintf("restart or reload the program that reads %s", name)
	case e.Within == 0:
		return fmt.Sprintf("%s takes it up by itself at its next connection", e.Reader)
	}
	return fmt.Sprintf("%s takes it up by itself within %s", e.Reader, spell(e.Within))
}

// CRLSentence says for a person what follows from a new CRL of an issuer. etcd reads its file at each connection:
// client/pkg/transport listener_tls.go. Nothing else of Kubernetes reads one.
func CRLSentence(issuer string) string {
	if issuer == EtcdIssuer {
		return "etcd takes it up by itself at its next connection, where --client-crl-file and --peer-crl-file name it"
	}
	return "OpenVPN takes it up by itself, nginx once it is reloaded; kube-apiserver reads no CRL"
}

// spell writes a duration as a person does: "60 s", "5 min".
func spell(d time.Duration) string {
	if d > 2*time.Minute && d%time.Minute == 0 {
		return fmt.Sprintf("%d min", d/time.Minute)
	}
	return fmt.Sprintf("%d s", d/time.Second)
}

// effectRow is one line of the table; of several lines of a profile, the last one counts that its release has reached.
type effectRow struct {
	profile string
	Effect
}

// effects is the table. Sources, of Kubernetes v1.37.2 and etcd v3.7.0:
//   - Files polled every minute: apiserver pkg/server/dynamiccertificates (FileRefreshDuration). The API server's pair
//     (pkg/server/options/serving.go), its proxy client's (kube-aggregator pkg/apiserver/apiserver.go), and the
//     kubelet server's (pkg/kubelet/certificate/kubelet.go, ReloadKubeletServerCertificateFile, on since 1.31).
//     The old pair is kept while certificate and key do not belong together.
//   - Client files read every 5 minutes: client-go transport/cert_rotation.go (CertCallbackRefreshDuration).
//   - Embedded client certificates are read once: client-go transport/transport.go (ReloadTLSFiles only where both are
//     files). A kubelet that rotates its certificate keeps it in memory, too: cmd/kubelet/app/server.go.
//   - etcd reads pairs at each handshake, since 3.2, and so does the API server's etcd client: client/pkg/transport
//     listener.go (GetCertificate, GetClientCertificate).
func effects() []effectRow {
	polled := func(reader string) Effect { return Effect{By: Itself, Reader: reader, Within: time.Minute} }
	atOnce := func(reader string) Effect { return Effect{By: Itself, Reader: reader} }
	return []effectRow{
		{"kube-apiserver", polled("kube-apiserver")},
		{"apiserver-kubelet-client", Effect{By: Itself, Reader: "kube-apiserver", Within: 5 * time.Minute}},
		{"apiserver-etcd-client", atOnce("kube-apiserver")},
		{"front-proxy-client", polled("kube-apiserver")},
		{"etcd-server", atOnce("etcd")},
		{"etcd-peer", atOnce("etcd")},
		{"etcd-healthcheck-client", atOnce("etcdctl")},
		{"admin", atOnce("kubectl")},
		{"super-admin", atOnce("kubectl")},
		{"kube-controller-manager", restartPod("kube-controller-manager")},
		{"kube-scheduler", restartPod("kube-scheduler")},
		{"kube-proxy", restartUnit("kube-proxy")},
		{"kubelet", restartUnit("kubelet")},
		{"kubelet-serving", restartUnit("kubelet")},
		{"kubelet-serving", Effect{By: Itself, Reader: "kubelet", Within: time.Minute, Since: 31}},
	}
}

// restartPod: kubelet starts the container of a static pod again once it has stopped.
func restartPod(name string) Effect {
	return Effect{By: Restart, Reader: name, Command: fmt.Sprintf("crictl stop $(crictl ps -q --name %s)", name)}
}

func restartUnit(name string) Effect {
	return Effect{By: Restart, Reader: name, Command: "systemctl restart " + name}
}

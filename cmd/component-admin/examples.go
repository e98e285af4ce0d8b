package main

// Examples are shown in the help of each command; a test reads each as the program does.
func (*commands) Examples() map[string][]string {
	return map[string][]string{
		"init": {
			"component-admin init --name cp1-admin --exchange /srv/exchange",
			"component-admin --dir /etc/kubernetes init --name cp1 --identity identity",
			"component-admin init --new-identity",
		},
		"config": {
			"component-admin config",
			"component-admin config --exchange /media/stick --visit 60d",
			"component-admin config --keep-key kubelet -o json",
		},
		"trust": {
			"component-admin trust   # asks for the first digits of the fingerprint",
			"component-admin trust --fingerprint " +
				"sha256:8f1776c628d9921fe12ea88b35c5fd8445e51210aa44a30118de965e32a113e5",
		},
		"request": {
			"component-admin request server --dns www.example --ip 192.0.2.7 --wait 10m",
			"component-admin --dir /etc/kubernetes request control-plane --config kubeadm.yaml",
			"component-admin --dir /etc/kubernetes request worker --node w1 --server https://api.example:6443",
			"component-admin --dir /etc/kubernetes request --from-pki",
			"component-admin request client --common-name backup --csr-out backup.csr",
		},
		"sync": {"component-admin sync --wait 10m", "component-admin sync --exchange /media/stick"},
		"install": {
			"component-admin install server.crt 0123456789abcdef", "component-admin install - pki/www.example.crt",
			"component-admin install etcd-ca.crl",
		},
		"forget": {"component-admin forget 0123456789abcdef", "component-admin forget pki/www.example.crt"},
		"renew": {
			"component-admin renew", "component-admin renew --dry-run", "component-admin renew kube-apiserver --now",
		},
		"apply":  {"component-admin apply"},
		"status": {"component-admin status", "component-admin status --live", "component-admin status -o json"},
		"doctor": {
			"component-admin --dir /etc/kubernetes doctor",
			"component-admin --dir /etc/kubernetes doctor --config kubeadm.yaml",
		},
		"kubeconfig": {"component-admin kubeconfig admin --server https://api.example:6443"},
		"completion": {
			"component-admin completion bash   # load it: source <(component-admin completion bash)",
			"component-admin completion zsh   # load it: source <(component-admin completion zsh)",
			"component-admin completion fish   # load it: component-admin completion fish | source",
		},
		"man": {"component-admin man > component-admin.1   # read it: man -l component-admin.1"},
	}
}

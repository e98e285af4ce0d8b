package main

import "maps"

// Examples are shown in the help of each command; a test reads each as the program does.
func (*commands) Examples() map[string][]string {
	all := map[string][]string{
		"init": {
			"ca-admin init --exchange /srv/exchange",
			"ca-admin init --config kubeadm.yaml --node cp1=192.0.2.11,cp2=192.0.2.12",
			"ca-admin init --import-pki /etc/kubernetes/pki",
			"ca-admin init --issuer ca --trust-inbox --group requesters",
			"ca-admin init --encrypt", "ca-admin init --parent-request --issuer ca",
			"ca-admin init --issuer ca --agent SHA256:3dHY4cXGd2Tz0l6Vd8t0o2pV3v5cB0iTn7u1l3bQp4k",
		},
		"exchange": {"ca-admin exchange", "ca-admin exchange /media/stick", "ca-admin exchange /media/stick --forget"},
		"watch": {"ca-admin watch", "ca-admin watch --locked", "ca-admin watch --exchange /srv/exchange --poll 30s",
			"ca-admin watch --metrics-file /var/lib/node_exporter/ca.prom"},
		"sync":    {"ca-admin sync", "ca-admin sync --exchange /media/stick --settle 0s"},
		"pending": {"ca-admin pending", "ca-admin pending -o json"},
		"review":  {"ca-admin review"},
		"approve": {
			"ca-admin approve 0123456789abcdef --profile server --dns www.example --ip 192.0.2.7 --yes",
			"ca-admin approve 0123456789abcdef --reopen", "ca-admin approve --renewals",
		},
		"deny": {"ca-admin deny 0123456789abcdef --reason 'ask for n2.prod.example instead'"},
		"sign": {
			"ca-admin sign server.csr",
			"ca-admin sign server.csr --profile server --dns www.example --out www.crt",
			"ca-admin sign server.csr --authority --permit-dns .prod.example --days 1825",
		},
		"check": {"ca-admin check server.csr", "ca-admin check server.csr -o json"},
		"list": {
			"ca-admin list --expiring 30d   # 30 days on, and what ended 30 days back; exit 6 when something is due",
			"ca-admin list --due --node cp1",
			"ca-admin list --all --name '*.example' --sort issue --limit 20",
			"ca-admin list --status Expired,Overdue -o csv", "ca-admin list --revoked", "ca-admin list --authorities",
			"ca-admin list --installed   # what the hosts say: installed, never installed, not taken up, silent",
		},
		"show": {"ca-admin show 0123456789abcdef", "ca-admin show server.csr", "ca-admin show server.crt"},
		"export": {"ca-admin export 0123456789abcdef --chain", "ca-admin export 0123456789abcdef --der",
			"ca-admin export 0123456789abcdef --request", "ca-admin export --index openssl-ca"},
		"archive": {
			"ca-admin archive --before 2026-01-31 --out archive-2026-01.jsonl",
			"ca-admin archive --attach archive-2026-01.jsonl",
		},
		"events": {"ca-admin events --since 7d", "ca-admin events --request 0123456789abcdef -o json"},
		"status": {"ca-admin status", "ca-admin status -o json"},
		"enroll": {
			"ca-admin enroll cp1 --key identity.pub --control-plane",
			"ca-admin enroll web --from 0123456789abcdef --profile server --dns '*.example'",
		},
		"scope":      {"ca-admin scope web", "ca-admin scope web --add-dns '*.test' --remove-ip 192.0.2.0/24"},
		"unenroll":   {"ca-admin unenroll web"},
		"requesters": {"ca-admin requesters --wide"},
		"profiles":   {"ca-admin profiles", "ca-admin profiles kube-apiserver --kubernetes 1.34"},
		"policy":     {"ca-admin policy", "ca-admin policy --config kubeadm.yaml --node cp2=192.0.2.12"},
	}
	maps.Copy(all, careExamples())
	return all
}

// careExamples are those of the commands that keep the record.
func careExamples() map[string][]string {
	return map[string][]string{
		"revoke": {
			"ca-admin revoke 0123456789abcdef --reason superseded",
			"ca-admin revoke server.crt --reason keyCompromise --since 2026-11-25",
			"ca-admin revoke --node 'w*' --profile kubelet-client --reason cessationOfOperation --yes",
			"ca-admin revoke --issuer etcd-ca --serial 01ab --reason unspecified",
		},
		"crl": {"ca-admin crl", "ca-admin crl etcd-ca --days 90", "ca-admin crl --if-due"},
		"import": {
			"ca-admin import --openssl /srv/old-ca --crl /srv/old-ca/crl.pem --dry-run",
			"ca-admin import --easyrsa easy-rsa/pki", "ca-admin import --pem /etc/kubernetes",
		},
		"issuer": {
			"ca-admin issuer adopt ca server.crt",
			"ca-admin issuer attach ca --agent SHA256:3dHY4cXGd2Tz0l6Vd8t0o2pV3v5cB0iTn7u1l3bQp4k",
			"ca-admin issuer attach ca --exec /usr/libexec/ca-exchange/sign-pkcs11 " +
				"/usr/lib/softhsm/libsofthsm2.so ca 01 /etc/ca-pin",
		},
		"report":  {"ca-admin report --html ca.html", "ca-admin report --ics /srv/calendar/ca.ics"},
		"verify":  {"ca-admin verify", "ca-admin verify --repair"},
		"backup":  {"ca-admin backup /media/stick/ca-2026-01-31.tar", "ca-admin backup ca.tar --keys"},
		"passwd":  {"ca-admin passwd", "ca-admin passwd etcd-ca", "ca-admin passwd ca --decrypt"},
		"unlock":  {"ca-admin unlock"},
		"lock":    {"ca-admin lock"},
		"restore": {"ca-admin --dir /var/lib/ca-admin/ca restore /media/stick/ca-2026-01-31.tar"},
		"migrate": {"ca-admin migrate"},
		"clock":   {"ca-admin clock", "ca-admin clock --accept"},
		"recover": {"ca-admin recover"},
		"completion": {
			"ca-admin completion bash   # load it: source <(ca-admin completion bash)",
			"ca-admin completion zsh   # load it: source <(ca-admin completion zsh)",
			"ca-admin completion fish   # load it: ca-admin completion fish | source",
		},
		"man": {"ca-admin man > ca-admin.1   # read it: man -l ca-admin.1"},
	}
}

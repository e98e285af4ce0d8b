# bash completion of component-admin, as `component-admin completion bash` prints it.

_component_admin_words() { # of which one completes the present word
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_component_admin_list() { # of which several may stand in the present word, with commas
	local before=
	[[ $cur != *,* ]] || before=${cur%,*},
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${cur##*,}")
}

_component_admin() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= options='--help -h --output -o --wide --color --quiet -q --log-format --version --dir' i
	COMPREPLY=()
	# readline hands --option=value over as three words
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--output | -o | --color | --log-format | --dir) [[ ${COMP_WORDS[i + 1]} != = ]] || ((i++)); ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $command in
	init) options='--name --identity --exchange --trust --visit --new-identity --help -h --output -o --wide --color --quiet -q --log-format --version --dir' ;;
	config) options='--name --exchange --visit --renew --reports --keep-key --layout --help -h --output -o --wide --color --quiet -q --log-format --version --dir' ;;
	trust) options='--exchange --fingerprint --replace --help -h --color --quiet -q --log-format --version --dir' ;;
	request) options='--exchange --config --advertise-address --cert-dir --kubelet-dir --sa-key --from-kubeadm --from-pki --rekey --like --issuer --group --out --key-out --kubeconfig-out --secret --namespace --node --dns --ip --common-name --key-type --days --kubernetes --server --wait --again --csr-out --help -h --output -o --wide --color --quiet -q --log-format --version --dir' ;;
	sync) options='--exchange --metrics-file --no-report --wait --accept-names --again --local --no-hooks --help -h --output -o --wide --color --quiet -q --log-format --version --dir' ;;
	renew) options='--exchange --metrics-file --no-report --now --keep-key --dns --ip --config --days --wait --dry-run --no-hooks --help -h --output -o --wide --color --quiet -q --log-format --version --dir' ;;
	install) options='--issuers --accept-names --no-hooks --help -h --output -o --wide --color --quiet -q --log-format --version --dir' ;;
	forget) options='--exchange --help -h --color --quiet -q --log-format --version --dir' ;;
	status) options='--live --ca-bundle --address --help -h --output -o --wide --color --quiet -q --log-format --version --dir' ;;
	doctor) options='--config --advertise-address --cert-dir --kubelet-dir --node --kubernetes --help -h --output -o --wide --color --quiet -q --log-format --version --dir' ;;
	apply) options='--help -h --color --quiet -q --log-format --version --dir' ;;
	kubeconfig) options='--server --help -h --color --quiet -q --log-format --version --dir' ;;
	completion) options='--help -h --color --quiet -q --log-format --version --dir' ;;
	man) options='--help -h --color --quiet -q --log-format --version --dir' ;;
	esac
	case "$command $prev" in
	'init --name') : ;;
	'init --identity') compopt -o default ;;
	'init --exchange') compopt -o dirnames ;;
	'init --trust') : ;;
	'init --visit') : ;;
	'init --output' | 'init -o') _component_admin_words 'table json' ;;
	'config --name') : ;;
	'config --exchange') compopt -o dirnames ;;
	'config --visit') : ;;
	'config --renew') : ;;
	'config --reports') _component_admin_words 'on off ' ;;
	'config --keep-key') _component_admin_list 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
	'config --layout') : ;;
	'config --output' | 'config -o') _component_admin_words 'table json' ;;
	'trust --exchange') compopt -o dirnames ;;
	'trust --fingerprint') : ;;
	'request --exchange') compopt -o dirnames ;;
	'request --config') compopt -o default ;;
	'request --advertise-address') : ;;
	'request --cert-dir') compopt -o dirnames ;;
	'request --kubelet-dir') compopt -o dirnames ;;
	'request --sa-key') compopt -o default ;;
	'request --from-kubeadm') compopt -o dirnames ;;
	'request --like') _component_admin_words 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
	'request --issuer') _component_admin_words 'ca etcd-ca front-proxy-ca' ;;
	'request --group') : ;;
	'request --out') compopt -o default ;;
	'request --key-out') compopt -o default ;;
	'request --kubeconfig-out') compopt -o default ;;
	'request --secret') : ;;
	'request --namespace') : ;;
	'request --node') : ;;
	'request --dns') : ;;
	'request --ip') : ;;
	'request --common-name') : ;;
	'request --key-type') _component_admin_words 'RSA-2048 RSA-3072 RSA-4096 ECDSA-P256 ECDSA-P384 ECDSA-P521 Ed25519' ;;
	'request --days') : ;;
	'request --kubernetes') : ;;
	'request --server') : ;;
	'request --wait') : ;;
	'request --csr-out') compopt -o default ;;
	'request --output' | 'request -o') _component_admin_words 'table json' ;;
	'sync --exchange') compopt -o dirnames ;;
	'sync --metrics-file') compopt -o default ;;
	'sync --wait') : ;;
	'sync --output' | 'sync -o') _component_admin_words 'table json' ;;
	'renew --exchange') compopt -o dirnames ;;
	'renew --metrics-file') compopt -o default ;;
	'renew --dns') : ;;
	'renew --ip') : ;;
	'renew --config') compopt -o default ;;
	'renew --days') : ;;
	'renew --wait') : ;;
	'renew --output' | 'renew -o') _component_admin_words 'table json' ;;
	'install --issuers') compopt -o default ;;
	'install --output' | 'install -o') _component_admin_words 'table json' ;;
	'forget --exchange') compopt -o dirnames ;;
	'status --address') : ;;
	'status --output' | 'status -o') _component_admin_words 'table json' ;;
	'doctor --config') compopt -o default ;;
	'doctor --advertise-address') : ;;
	'doctor --cert-dir') compopt -o dirnames ;;
	'doctor --kubelet-dir') compopt -o dirnames ;;
	'doctor --node') : ;;
	'doctor --kubernetes') : ;;
	'doctor --output' | 'doctor -o') _component_admin_words 'table json' ;;
	'kubeconfig --server') : ;;
	*' --color') _component_admin_words 'auto always never' ;;
	*' --log-format') _component_admin_words 'text json' ;;
	*' --dir') compopt -o dirnames ;;
	*)
		if [[ $cur == -* ]]; then
			_component_admin_words "$options"
			return
		fi
		case $command in
		'') _component_admin_words 'init config trust request sync renew install forget status doctor apply kubeconfig completion man' ;;
		request) _component_admin_words 'control-plane worker etcd kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
		renew) _component_admin_words 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
		install) compopt -o default ;;
		forget) : ;;
		kubeconfig) _component_admin_words 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
		completion) _component_admin_words 'bash zsh fish' ;;
		esac
		;;
	esac
}

complete -F _component_admin component-admin

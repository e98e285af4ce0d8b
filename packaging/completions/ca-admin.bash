# bash completion of ca-admin, as `ca-admin completion bash` prints it.

_ca_admin_words() { # of which one completes the present word
	mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
}

_ca_admin_list() { # of which several may stand in the present word, with commas
	local before=
	[[ $cur != *,* ]] || before=${cur%,*},
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$1" -- "${cur##*,}")
}

_ca_admin() {
	local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} command= options='--help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' i
	COMPREPLY=()
	# readline hands --option=value over as three words
	if [[ $cur == = ]]; then
		cur=
	elif [[ $prev == = ]]; then
		prev=${COMP_WORDS[COMP_CWORD - 2]}
	fi
	for ((i = 1; i < COMP_CWORD; i++)); do
		case ${COMP_WORDS[i]} in
		--output | -o | --color | --log-format | --dir | --passphrase-file | --passphrase-fd) [[ ${COMP_WORDS[i + 1]} != = ]] || ((i++)); ((i++)) ;;
		-*) ;;
		*) command=${COMP_WORDS[i]}; break ;;
		esac
	done
	case $command in
	init) options='--exchange --issuer --key-type --days --common-name --path-len --agent --socket --encrypt --parent-request --import-cert --import-key --import-pki --import-early --config --node --kubernetes --trust-inbox --group --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	issuer) options='--agent --socket --exec --help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	exchange) options='--group --forget --moved --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	import) options='--openssl --easyrsa --pem --revoked --crl --dry-run --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	watch) options='--exchange --inbox --outbox --yes -y --metrics-file --locked --poll --no-events --settle --help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	sync) options='--exchange --inbox --outbox --yes -y --metrics-file --settle --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	pending) options='--help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	review) options='--exchange --inbox --outbox --help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	approve) options='--exchange --inbox --outbox --profile --node --dns --ip --days --yes -y --without-group --without-usage --reopen --renewals --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	deny) options='--exchange --inbox --outbox --reason --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	sign) options='--profile --node --dns --ip --days --yes -y --without-group --without-usage --authority --path-length --permit-dns --permit-ip --client --out --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	check) options='--help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	list) options='--expiring --due --overdue --superseded --revoked --all --installed --node --profile --requester --issuer --name --status --sort --limit --authorities --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	show) options='--help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	export) options='--chain --der --index --request --help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	report) options='--exchange --inbox --outbox --html --ics --help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	events) options='--since --request --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	status) options='--exchange --inbox --outbox --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	revoke) options='--reason --since --node --requester --profile --key --issuer --serial --yes -y --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	crl) options='--exchange --inbox --outbox --days --if-due --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	enroll) options='--key --from --fingerprint --control-plane --worker --profile --node --dns --wildcard --ip --user --group --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	scope) options='--add-profile --add-node --add-dns --add-wildcard --add-ip --add-user --add-group --remove-profile --remove-node --remove-dns --remove-wildcard --remove-ip --remove-user --remove-group --new-key --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	unenroll) options='--help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	requesters) options='--help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	profiles) options='--kubernetes --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	policy) options='--config --node --yes -y --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	unlock) options='--help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	lock) options='--help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	passwd) options='--decrypt --kdf --new-passphrase-file --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	verify) options='--exchange --inbox --outbox --head --repair --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	backup) options='--keys --plain-keys --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	restore) options='--head --keys --help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	recover) options='--exchange --inbox --outbox --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	migrate) options='--help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	archive) options='--before --out --attach --help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	clock) options='--accept --help -h --output -o --wide --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	completion) options='--help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	man) options='--help -h --color --quiet -q --log-format --version --dir --passphrase-file --passphrase-fd' ;;
	esac
	case "$command $prev" in
	'init --exchange') compopt -o dirnames ;;
	'init --issuer') _ca_admin_list 'ca etcd-ca front-proxy-ca' ;;
	'init --key-type') _ca_admin_words 'RSA-2048 RSA-3072 RSA-4096 ECDSA-P256 ECDSA-P384' ;;
	'init --days') : ;;
	'init --common-name') : ;;
	'init --path-len') : ;;
	'init --agent') : ;;
	'init --socket') compopt -o default ;;
	'init --import-cert') compopt -o default ;;
	'init --import-key') compopt -o default ;;
	'init --import-pki') compopt -o dirnames ;;
	'init --config') compopt -o default ;;
	'init --node') : ;;
	'init --kubernetes') : ;;
	'init --group') : ;;
	'init --output' | 'init -o') _ca_admin_words 'table json' ;;
	'issuer --agent') : ;;
	'issuer --socket') compopt -o default ;;
	'issuer --exec') compopt -o default ;;
	'exchange --group') : ;;
	'exchange --output' | 'exchange -o') _ca_admin_words 'table json' ;;
	'import --openssl') compopt -o dirnames ;;
	'import --easyrsa') compopt -o dirnames ;;
	'import --pem') compopt -o dirnames ;;
	'import --revoked') compopt -o dirnames ;;
	'import --crl') compopt -o default ;;
	'import --output' | 'import -o') _ca_admin_words 'table json' ;;
	'watch --exchange') compopt -o dirnames ;;
	'watch --inbox') compopt -o dirnames ;;
	'watch --outbox') compopt -o dirnames ;;
	'watch --metrics-file') compopt -o default ;;
	'watch --poll') : ;;
	'watch --settle') : ;;
	'sync --exchange') compopt -o dirnames ;;
	'sync --inbox') compopt -o dirnames ;;
	'sync --outbox') compopt -o dirnames ;;
	'sync --metrics-file') compopt -o default ;;
	'sync --settle') : ;;
	'sync --output' | 'sync -o') _ca_admin_words 'table json' ;;
	'pending --output' | 'pending -o') _ca_admin_words 'table json' ;;
	'review --exchange') compopt -o dirnames ;;
	'review --inbox') compopt -o dirnames ;;
	'review --outbox') compopt -o dirnames ;;
	'approve --exchange') compopt -o dirnames ;;
	'approve --inbox') compopt -o dirnames ;;
	'approve --outbox') compopt -o dirnames ;;
	'approve --profile') _ca_admin_words 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
	'approve --node') : ;;
	'approve --dns') : ;;
	'approve --ip') : ;;
	'approve --days') : ;;
	'approve --without-group') : ;;
	'approve --without-usage') : ;;
	'approve --output' | 'approve -o') _ca_admin_words 'table json' ;;
	'deny --exchange') compopt -o dirnames ;;
	'deny --inbox') compopt -o dirnames ;;
	'deny --outbox') compopt -o dirnames ;;
	'deny --reason') _ca_admin_words 'keyCompromise affiliationChanged superseded cessationOfOperation privilegeWithdrawn unspecified' ;;
	'deny --output' | 'deny -o') _ca_admin_words 'table json' ;;
	'sign --profile') _ca_admin_words 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
	'sign --node') : ;;
	'sign --dns') : ;;
	'sign --ip') : ;;
	'sign --days') : ;;
	'sign --without-group') : ;;
	'sign --without-usage') : ;;
	'sign --path-length') : ;;
	'sign --permit-dns') : ;;
	'sign --permit-ip') : ;;
	'sign --out') compopt -o default ;;
	'sign --output' | 'sign -o') _ca_admin_words 'table json' ;;
	'check --output' | 'check -o') _ca_admin_words 'table json' ;;
	'list --expiring') : ;;
	'list --node') : ;;
	'list --profile') _ca_admin_words 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
	'list --requester') : ;;
	'list --issuer') _ca_admin_words 'ca etcd-ca front-proxy-ca' ;;
	'list --name') : ;;
	'list --status') _ca_admin_list 'Issued Due Overdue Expired Superseded Revoked' ;;
	'list --sort') _ca_admin_words 'end issue node requester' ;;
	'list --limit') : ;;
	'list --output' | 'list -o') _ca_admin_words 'table json csv' ;;
	'show --output' | 'show -o') _ca_admin_words 'table json' ;;
	'export --index') compopt -o dirnames ;;
	'report --exchange') compopt -o dirnames ;;
	'report --inbox') compopt -o dirnames ;;
	'report --outbox') compopt -o dirnames ;;
	'report --html') compopt -o default ;;
	'report --ics') compopt -o default ;;
	'events --since') : ;;
	'events --request') : ;;
	'events --output' | 'events -o') _ca_admin_words 'table json' ;;
	'status --exchange') compopt -o dirnames ;;
	'status --inbox') compopt -o dirnames ;;
	'status --outbox') compopt -o dirnames ;;
	'status --output' | 'status -o') _ca_admin_words 'table json' ;;
	'revoke --reason') _ca_admin_words 'keyCompromise affiliationChanged superseded cessationOfOperation privilegeWithdrawn unspecified' ;;
	'revoke --since') : ;;
	'revoke --node') : ;;
	'revoke --requester') : ;;
	'revoke --profile') _ca_admin_words 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
	'revoke --key') : ;;
	'revoke --issuer') _ca_admin_words 'ca etcd-ca front-proxy-ca' ;;
	'revoke --serial') : ;;
	'revoke --output' | 'revoke -o') _ca_admin_words 'table json' ;;
	'crl --exchange') compopt -o dirnames ;;
	'crl --inbox') compopt -o dirnames ;;
	'crl --outbox') compopt -o dirnames ;;
	'crl --days') : ;;
	'crl --output' | 'crl -o') _ca_admin_words 'table json' ;;
	'enroll --key') compopt -o default ;;
	'enroll --from') : ;;
	'enroll --fingerprint') : ;;
	'enroll --profile') _ca_admin_list 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
	'enroll --node') : ;;
	'enroll --dns') : ;;
	'enroll --wildcard') : ;;
	'enroll --ip') : ;;
	'enroll --user') : ;;
	'enroll --group') : ;;
	'enroll --output' | 'enroll -o') _ca_admin_words 'table json' ;;
	'scope --add-profile') _ca_admin_list 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
	'scope --add-node') : ;;
	'scope --add-dns') : ;;
	'scope --add-wildcard') : ;;
	'scope --add-ip') : ;;
	'scope --add-user') : ;;
	'scope --add-group') : ;;
	'scope --remove-profile') _ca_admin_list 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
	'scope --remove-node') : ;;
	'scope --remove-dns') : ;;
	'scope --remove-wildcard') : ;;
	'scope --remove-ip') : ;;
	'scope --remove-user') : ;;
	'scope --remove-group') : ;;
	'scope --new-key') compopt -o default ;;
	'scope --output' | 'scope -o') _ca_admin_words 'table json' ;;
	'requesters --output' | 'requesters -o') _ca_admin_words 'table json' ;;
	'profiles --kubernetes') : ;;
	'profiles --output' | 'profiles -o') _ca_admin_words 'table json' ;;
	'policy --config') compopt -o default ;;
	'policy --node') : ;;
	'policy --output' | 'policy -o') _ca_admin_words 'table json' ;;
	'passwd --kdf') _ca_admin_words 'scrypt pbkdf2' ;;
	'passwd --new-passphrase-file') compopt -o default ;;
	'passwd --output' | 'passwd -o') _ca_admin_words 'table json' ;;
	'verify --exchange') compopt -o dirnames ;;
	'verify --inbox') compopt -o dirnames ;;
	'verify --outbox') compopt -o dirnames ;;
	'verify --head') : ;;
	'verify --output' | 'verify -o') _ca_admin_words 'table json' ;;
	'backup --output' | 'backup -o') _ca_admin_words 'table json' ;;
	'restore --head') : ;;
	'restore --keys') compopt -o dirnames ;;
	'recover --exchange') compopt -o dirnames ;;
	'recover --inbox') compopt -o dirnames ;;
	'recover --outbox') compopt -o dirnames ;;
	'recover --output' | 'recover -o') _ca_admin_words 'table json' ;;
	'archive --before') : ;;
	'archive --out') compopt -o default ;;
	'archive --attach') compopt -o default ;;
	'clock --output' | 'clock -o') _ca_admin_words 'table json' ;;
	*' --color') _ca_admin_words 'auto always never' ;;
	*' --log-format') _ca_admin_words 'text json' ;;
	*' --dir') compopt -o dirnames ;;
	*' --passphrase-file') compopt -o default ;;
	*' --passphrase-fd') : ;;
	*)
		if [[ $cur == -* ]]; then
			_ca_admin_words "$options"
			return
		fi
		case $command in
		'') _ca_admin_words 'init issuer exchange import watch sync pending review approve deny sign check list show export report events status revoke crl enroll scope unenroll requesters profiles policy unlock lock passwd verify backup restore recover migrate archive clock completion man' ;;
		issuer) _ca_admin_words 'adopt attach' ;;
		exchange) compopt -o dirnames ;;
		approve) : ;;
		deny) : ;;
		sign) compopt -o default ;;
		check) compopt -o default ;;
		show) : ;;
		export) : ;;
		revoke) : ;;
		crl) _ca_admin_words 'ca etcd-ca front-proxy-ca' ;;
		enroll) : ;;
		scope) : ;;
		unenroll) : ;;
		profiles) _ca_admin_words 'kube-apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client etcd-server etcd-peer etcd-healthcheck-client admin super-admin kube-controller-manager kube-scheduler kube-proxy kubelet kubelet-serving server client peer user' ;;
		passwd) _ca_admin_words 'ca etcd-ca front-proxy-ca' ;;
		backup) compopt -o dirnames ;;
		restore) compopt -o dirnames ;;
		completion) _ca_admin_words 'bash zsh fish' ;;
		esac
		;;
	esac
}

complete -F _ca_admin ca-admin

#!/bin/sh
# Builds cfssl and cfssljson from this module's go.mod through the Go module proxy, into a cache outside the checkout, in
# half a minute. What is there already is not built again. Prints the directory last, alone on stdout.
set -eu
cd "$(dirname "$0")"
export GOWORK=off CGO_ENABLED=0

version=$(go list -m -f '{{.Version}}' github.com/cloudflare/cfssl)
dir=${XDG_CACHE_HOME:-$HOME/.cache}/ca-exchange-oracles/cfssl-$version
mkdir -p "$dir"
for name in cfssl cfssljson; do # under another name first, so that an interrupted build leaves no half program behind
	[ -x "$dir/$name" ] && continue
	echo "$name: building" >&2
	go build -trimpath -o "$dir/.$name.$$" "github.com/cloudflare/cfssl/cmd/$name"
	mv "$dir/.$name.$$" "$dir/$name"
done
echo "$dir"

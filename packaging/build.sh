#!/bin/sh
# build.sh [VERSION]: makes the archives, the packages and SHA256SUMS of the present commit in dist/. The version is that
# of the commit's tag, else the commit's date and hash. The same commit and the same Go give the same bytes: paths, clock,
# time zone, umask, user and host have no part in them. Needs Go, git, GNU tar and gzip. PLATFORMS
# names some of the platforms, such as "linux/amd64".
set -eu
umask 022
cd "$(dirname "$0")/.."
nfpm=github.com/goreleaser/nfpm/v2/cmd/nfpm@v2.45.0 # the newest whose modules all come from the Go module proxy
export LC_ALL=C TZ=UTC CGO_ENABLED=0 GOFLAGS=-mod=readonly GOAMD64=v1 GOARM64=v8.0 GOEXPERIMENT=

if [ -n "$(git status --porcelain)" ]; then
	echo 'build.sh: the source differs from the commit: commit or stash it (git status)' >&2
	exit 1
fi
commit=$(git rev-parse HEAD)
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
DATE=$(git log -1 --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd)
tag=$(git describe --tags --exact-match --match 'v[0-9]*' 2>/dev/null || true)
version=${1:-$tag}
version=${version#v}
# Packages of commits without a tag sort below every release, and by time among themselves.
PACKAGE_VERSION=$(echo "$version" | sed 's/-/~/')
if [ -z "$version" ]; then
	version=${DATE%T*}-$(git rev-parse --short=12 HEAD)
	PACKAGE_VERSION=0~$(git log -1 --date=format-local:%Y%m%d%H%M%S --format=%cd).$(git rev-parse --short=12 HEAD)
fi
case $version in
[!0-9]* | *[!0-9A-Za-z.+~-]*) echo "build.sh: \"$version\" is not a version (examples: 1.2.3, v1.3.0-rc1)" >&2 && exit 2 ;;
esac
export SOURCE_DATE_EPOCH DATE PACKAGE_VERSION

licenses() { # the licenses of Go and of each module that a platform's binaries are linked with
	printf 'Go\n\n' && cat "$(go env GOROOT)/LICENSE"
	go list -deps -f '{{with .Module}}{{if not .Main}}{{.Path}} {{.Version}} {{.Dir}}{{end}}{{end}}' ./cmd/... | sort -u |
		while read -r module its directory; do
			printf '\n\n%s %s\n\n' "$module" "$its"
			cat "$directory"/LICENSE* "$directory"/COPYING* 2>/dev/null || true
		done
}

stage() { # stage DIRECTORY: everything that an archive holds, for GOOS and GOARCH
	mkdir -p "$1/docs" "$1/man"
	go build -trimpath -buildvcs=false -o "$1/" \
		-ldflags "-s -w -buildid= -X ca-exchange/internal/cli.release=$version -X ca-exchange/internal/cli.commit=$commit" \
		./cmd/ca-admin ./cmd/component-admin
	cp README.md CHANGELOG.md LICENSE "$1/"
	cp docs/*.md "$1/docs/"
	cp -R contrib packaging/completions "$1/"
	cp packaging/man/*.1 "$1/man/"
	licenses >"$1/licenses.txt"
	find "$1" -type d -exec chmod 755 {} + && find "$1" -type f ! -perm -100 -exec chmod 644 {} +
	find "$1" -type f -perm -100 -exec chmod 755 {} +
}

debian() { # debian DIRECTORY PACKAGE PROGRAM: what Debian wants beside the documents
	mkdir -p "$1/debian/$2"
	cp packaging/copyright "$1/debian/$2/copyright"
	printf 'ca-exchange-%s (%s) unstable; urgency=medium\n\n  * CHANGELOG.md.gz says what changed.\n\n' "$2" "$PACKAGE_VERSION" >"$1/changelog"
	printf ' -- ca-exchange maintainers <maintainers@ca-exchange.example>  %s\n' "$(git log -1 --date=rfc2822-local --format=%cD)" >>"$1/changelog"
	gzip -9n <"$1/changelog" >"$1/debian/$2/changelog.gz"
	echo "ca-exchange-$2: statically-linked-binary [usr/bin/$3]" >"$1/debian/overrides-$2"
}

packages() { # packages STAGED: a .deb and an .rpm of each program
	root=$work/package-$GOARCH
	cp -R "$1" "$root"
	mkdir -p "$root/doc" "$root/scripts"
	cp -R packaging/ca packaging/component "$root/scripts/"
	mv "$root/README.md" "$root/docs" "$root/doc/"
	gzip -9n <"$root/CHANGELOG.md" >"$root/doc/CHANGELOG.md.gz"
	gzip -9n <"$root/licenses.txt" >"$root/doc/licenses.txt.gz"
	gzip -9n "$root"/man/*
	debian "$root" ca ca-admin
	debian "$root" component component-admin
	for package in ca component; do
		for format in deb rpm; do
			(cd "$root" && env ARCH="$GOARCH" GOOS= GOARCH= GOFLAGS= go run "$nfpm" package --config "scripts/$package/nfpm.yaml" \
				--packager $format --target "$dist/" >"$work/nfpm" || { cat "$work/nfpm" >&2; exit 1; })
		done
	done
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
dist=$PWD/dist
rm -rf "$dist" && mkdir "$dist"
for platform in ${PLATFORMS:-linux/amd64 linux/arm64 darwin/arm64}; do
	export GOOS="${platform%/*}" GOARCH="${platform#*/}"
	name=ca-exchange-$version
	rm -rf "${work:?}/$name"
	stage "$work/$name"
	tar --sort=name --format=ustar --owner=0 --group=0 --numeric-owner --mtime="@$SOURCE_DATE_EPOCH" -C "$work" -cf - "$name" |
		gzip -9n >"$dist/$name-$GOOS-$GOARCH.tar.gz"
	[ "$GOOS" != linux ] || packages "$work/$name"
done
cd "$dist"
sha256sum -- * >"$work/SHA256SUMS" && mv "$work/SHA256SUMS" .
cat SHA256SUMS

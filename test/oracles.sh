#!/usr/bin/env bash
# Judges that link too much for the product, each in a module of its own: zlint on every profile, boulder's goodkey on
# keys. Ends with "N passed, N failed".
set -u
cd "$(dirname "$0")"
passed=0 failed=0
for module in lint goodkey; do
	if (cd $module && go vet ./... && go test -count=1 ./...); then passed=$((passed + 1)); else failed=$((failed + 1)); fi
done
echo "$passed passed, $failed failed"
[ $failed = 0 ]

#!/bin/sh
# Every fuzz test of the repository for a few seconds each: FUZZTIME (default 4s).
# What it finds lies in testdata/fuzz of its package and is from then on part of go test.
# A package is built once, with what guides the fuzzing in it, and not once for each of its tests.
set -eu
time=${FUZZTIME:-4s}
export CGO_ENABLED=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
seen=$(go env GOCACHE)/fuzz # where go test keeps what was worth keeping
module=$(go list -m)
n=0
for dir in $(grep -rl --include='*_test.go' --exclude-dir=node_modules '^func Fuzz' . | xargs -n 1 dirname | sort -u); do
	go test -c -fuzz Fuzz -o "$tmp/test" "$dir"
	for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$dir"/*_test.go); do
		if ! (cd "$dir" && "$tmp/test" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "$time" -test.fuzzminimizetime 5s -test.timeout 2m \
			-test.fuzzcachedir "$seen/$module/${dir#./}") >"$tmp/out" 2>&1; then
			# On a busy machine the end of the time itself is reported as a failure, without an input.
			if ! grep -q "context deadline exceeded" "$tmp/out" || grep -q "Failing input written" "$tmp/out"; then
				cat "$tmp/out"
				echo "$name in $dir has found something" >&2
				exit 1
			fi
		fi
		n=$((n + 1))
	done
done
echo "$n fuzz tests of $time each found nothing"

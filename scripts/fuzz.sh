#!/bin/sh
# Every fuzz test of the repository for a few seconds each: FUZZTIME (default 4s).
# What it finds lies in testdata/fuzz of its package and is from then on part of go test.
set -eu
time=${FUZZTIME:-4s}
export CGO_ENABLED=0
out=$(mktemp)
trap 'rm -f "$out"' EXIT
n=0
for file in $(grep -rl --include='*_test.go' '^func Fuzz' . | grep -v node_modules | sort); do
	for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$file"); do
		if ! go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 5s -timeout 2m "$(dirname "$file")" >"$out" 2>&1; then
			# On a busy machine the end of the time itself is reported as a failure, without an input.
			if grep -q "context deadline exceeded" "$out" && ! grep -q "Failing input written" "$out"; then
				n=$((n + 1))
				continue
			fi
			cat "$out"
			echo "$name in $file has found something" >&2
			exit 1
		fi
		n=$((n + 1))
	done
done
echo "$n fuzz tests of $time each found nothing"

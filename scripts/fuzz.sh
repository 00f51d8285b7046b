#!/bin/sh
# Every fuzz test of the repository for a few seconds each: FUZZTIME (default 4s).
# What it finds lies in testdata/fuzz of its package and is from then on part of go test.
# A package is built once, with what guides the fuzzing in it, and not once for each of its tests. Two packages
# are worked on at once, with one worker each: while one is linked or begins, the other one fuzzes.
#
# fuzz.sh DIR fuzzes one package.
set -eu
time=${FUZZTIME:-4s}
export CGO_ENABLED=0
if [ $# = 0 ]; then
	dirs=$(grep -rl --include='*_test.go' --exclude-dir=node_modules '^func Fuzz' . | xargs -n 1 dirname | sort -u)
	printf '%s\n' $dirs | xargs -P 2 -n 1 sh "$0"
	echo "$(for dir in $dirs; do cat "$dir"/*_test.go; done | grep -c '^func Fuzz') fuzz tests of $time each found nothing"
	exit
fi
dir=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
kept=$(go env GOCACHE)/fuzz/$(go list -m)/${dir#./} # where go test keeps what was worth keeping
go test -c -fuzz Fuzz -o "$tmp/test" "$dir"
for name in $(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$dir"/*_test.go); do
	if ! (cd "$dir" && "$tmp/test" -test.run '^$' -test.parallel 1 -test.fuzz "^$name\$" -test.fuzztime "$time" -test.fuzzminimizetime 5s -test.timeout 2m \
		-test.fuzzcachedir "$kept") >"$tmp/out" 2>&1; then
		# On a busy machine the end of the time itself is reported as a failure, without an input.
		if ! grep -q "context deadline exceeded" "$tmp/out" || grep -q "Failing input written" "$tmp/out"; then
			cat "$tmp/out"
			echo "$name in $dir has found something" >&2
			exit 255 # the rest need not begin
		fi
	fi
done

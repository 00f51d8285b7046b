#!/bin/sh
# Runs the measurements of docs/performance.md and prints their tables. Arguments go to
# the measuring program, for example:
#
#   scripts/bench.sh -parts push,live -engines sqlite
#   scripts/bench.sh -parts list -orders 1000000
#
# PostgreSQL: the server of TONGDAN_BENCH_PG, or one that is started for this run.
set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
chmod 755 "$work"
pid=""
cleanup() {
	[ -z "$pid" ] || kill "$pid" 2>/dev/null || true
	[ -z "$pid" ] || wait "$pid" 2>/dev/null || true
	rm -rf "$work"
}
trap cleanup EXIT INT TERM

find_pg() {
	command -v "$1" 2>/dev/null || ls /usr/lib/postgresql/*/bin/"$1" 2>/dev/null | tail -1
}

engines="sqlite,postgres"
if [ -z "${TONGDAN_BENCH_PG:-}" ]; then
	initdb=$(find_pg initdb || true)
	postgres=$(find_pg postgres || true)
	if [ -z "$initdb" ] || [ -z "$postgres" ]; then
		echo "PostgreSQL is not installed (make deps): only SQLite is measured" >&2
		engines="sqlite"
	else
		as=""
		mkdir "$work/pg"
		if [ "$(id -u)" = 0 ]; then # the server refuses to run as root
			chown postgres "$work/pg"
			as="setpriv --reuid=postgres --regid=postgres --clear-groups"
		fi
		port=$((20000 + $$ % 20000))
		(cd "$work/pg" && $as "$initdb" -D "$work/pg/data" -U postgres -A trust -E UTF8 --locale=C >/dev/null)
		(cd "$work/pg" && exec $as "$postgres" -D "$work/pg/data" -h 127.0.0.1 -p "$port" -k "$work/pg" -c shared_buffers=512MB -c max_wal_size=4GB >"$work/pg.log" 2>&1) &
		pid=$!
		export TONGDAN_BENCH_PG="postgres://postgres@127.0.0.1:$port/postgres?sslmode=disable"
		n=0
		until grep -q "ready to accept" "$work/pg.log" 2>/dev/null; do
			n=$((n + 1))
			[ $n -lt 150 ] || { cat "$work/pg.log" >&2; exit 1; }
			sleep 0.2
		done
	fi
fi

CGO_ENABLED=0 go build -trimpath -o "$work/bench" ./internal/proof/bench
"$work/bench" -dir "$work" -engines "$engines" "$@"

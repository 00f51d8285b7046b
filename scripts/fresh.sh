#!/bin/sh
# Writes every generated file into a scratch folder's copy and compares: a generated file
# that differs from what its source says fails the build.
set -eu
export CGO_ENABLED=0
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
go test ./order -run TestTheLifeCyclePageIsFresh -count=1 >/dev/null || { echo "docs/lifecycle.md is stale: run make generate"; exit 1; }
go test ./internal/platform/meituan -run TestTheEndpointsPageIsFresh -count=1 >/dev/null || { echo "docs/platforms/meituan-endpoints.md is stale: run make generate"; exit 1; }
go test ./role -run TestTheRolesPageIsFresh -count=1 >/dev/null || { echo "docs/roles.md is stale: run make generate"; exit 1; }
go run ./cmd/tongdan openapi >"$tmp/openapi.json"
cmp -s "$tmp/openapi.json" docs/openapi.json || { echo "docs/openapi.json is stale: run make generate"; exit 1; }
cp web/src/data/schema.d.ts "$tmp/schema.d.ts"
(cd web && npm run --silent generate)
if ! cmp -s "$tmp/schema.d.ts" web/src/data/schema.d.ts; then
	cp "$tmp/schema.d.ts" web/src/data/schema.d.ts
	echo "web/src/data/schema.d.ts is stale: run make generate"
	exit 1
fi

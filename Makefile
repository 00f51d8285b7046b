# The commands that people type. `make help` lists them.

GO      ?= go
DATA    ?= $(CURDIR)/.demo
ADDR    ?= 127.0.0.1:8080
BIN     := bin/tongdan
# One way to build for all: with two, each package is compiled twice.
export CGO_ENABLED := 0
export GOFLAGS     := $(strip $(filter-out -trimpath,$(GOFLAGS)) -trimpath)
WEB     := web/node_modules/.stamp
# The last step of the build makes this one: index.html would say that a console without its floor pages is whole.
CONSOLE := web/dist/floor.html.br
WEBSRC  := $(shell find web/src web/public web/index.html web/floor.html web/vite.config.ts web/vite.floor.config.ts web/budget.ts web/compress.mjs web/install.ts web/inline.ts web/worker.js -type f 2>/dev/null)

.PHONY: help demo test fuzz quick test-go test-proof test-days test-web test-e2e crash soak bench bench-large speed lighthouse lint generate fresh build deps clean
.DEFAULT_GOAL := help

help: ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

demo: build ## the main job on simulators: console on http://localhost:8080
	$(BIN) demo --addr $(ADDR) --data $(DATA)

build: $(BIN) ## one static binary with the console inside: bin/tongdan

# The binary is built anew each time; Go's cache makes that quick.
.PHONY: $(BIN)
$(BIN): $(CONSOLE)
	@echo "building bin/tongdan (the first time takes about two minutes)"
	$(GO) build -trimpath -ldflags="-s -w" -o $(BIN) ./cmd/tongdan

$(WEB): web/package-lock.json
	@echo "fetching the console's npm packages"
	cd web && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(CONSOLE): $(WEB) $(WEBSRC)
	@echo "building the console"
	cd web && npm run --silent build

deps: ## install what tests need on Debian: PostgreSQL, Chromium, fonts
	@sh scripts/deps.sh

test: deps $(CONSOLE) test-web test-go test-e2e ## everything, on both database engines and in a browser

quick: ## the Go tests without the long ones, for while you type
	$(GO) test -short ./...

test-go: # vet has looked at everything, and need not once more at each package
	$(GO) vet ./...
	$(GO) test -vet=off -timeout 20m $$($(GO) list ./... | grep -v /internal/proof)
	$(MAKE) -j2 test-proof test-days

test-proof: # several processes, which wait for leases and clocks
	$(GO) test -vet=off -timeout 30m ./internal/proof

test-days: # what only works gives way to them
	nice $(GO) test -vet=off -p 1 -timeout 30m ./internal/proof/dst ./internal/proof/mutants

test-web: $(WEB)
	cd web && npm run --silent typecheck && npm run --silent test

test-e2e: $(BIN) e2e/node_modules/.stamp
	cd e2e && npm run --silent test

e2e/node_modules/.stamp: e2e/package-lock.json
	cd e2e && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

crash: ## kill the process at random moments, 50 times on each engine
	TONGDAN_CRASHES=50 $(GO) test -count=1 -timeout 60m -run 'Crash' -v ./internal/proof/...

soak: ## simulated days with new seeds, for TONGDAN_SOAK minutes (30)
	TONGDAN_SOAK=$${TONGDAN_SOAK:-30} $(GO) test -count=1 -timeout 24h -run TestSoak -v ./internal/proof/dst

fuzz: ## every fuzz test for a few seconds: FUZZTIME=4s
	@sh scripts/fuzz.sh

bench: build ## the measurements of docs/performance.md
	sh scripts/bench.sh

speed: build e2e/node_modules/.stamp ## how long the console takes to answer a hand, at four times slower: a table
	cd e2e && node speed.mjs

lighthouse: build ## Lighthouse on the console's first screens, desk and phone, at least 95 each; fetches it by npx
	cd e2e && node lighthouse.mjs

bench-large: build ## lists and searches of ten million orders on SQLite: half an hour and 30 GB for the filling
	sh scripts/bench.sh -parts list -engines sqlite -orders 10000000

lint: $(WEB) ## formatting, vet, the console's linter, generated files
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "gofmt these:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	$(GO) vet ./...
	cd web && npm run --silent lint
	$(MAKE) fresh

generate: $(WEB) ## write generated files anew
	$(GO) test ./order -run TestTheLifeCyclePageIsFresh -update -count=1 >/dev/null
	$(GO) test ./internal/platform/meituan -run TestTheEndpointsPageIsFresh -endpoints -count=1 >/dev/null
	$(GO) test ./role -run TestTheRolesPageIsFresh -update -count=1 >/dev/null
	$(GO) run ./cmd/tongdan openapi > docs/openapi.json
	cd web && npm run --silent generate

fresh: ## fail when a generated file is not what its source says
	@sh scripts/fresh.sh

clean: ## remove what was built, and the demo's data
	rm -rf bin web/dist/assets web/dist/index.html $(CONSOLE) .demo

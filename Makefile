# Ringside. `make run` and `make test` are all that a newcomer needs; `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
GO ?= go

# Length of the short forms that `make test` runs; the long ones have their own targets.
# Fuzzing counts inputs: with a time limit Go 1.26 fails now and then when it is over (golang/go#75804).
FUZZTIME ?= 2000x
FLEETTIME ?= 20s

.PHONY: help
help: ## list the targets
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

.PHONY: run
run: ## start a router, three game servers and some bots on this machine; ^C ends all of it; RUN="-webhooks FILE" adds flags
	@$(GO) build -o .bin/ ./deploy/local
	@if [ -t 0 ]; then set -m; fi; .bin/local -servers 3 -bots 2 -spar 5 -state .bin/state $(RUN); exit $$? # in the terminal's foreground alone: ^C does not reach make, which would fail

.PHONY: build
build: ## build the programs into .bin
	$(GO) build -trimpath -o .bin/ ./router ./gameserver ./clients/bot ./deploy/local ./deploy/ringside

# What an image is called; VERSION is what its programs say of themselves.
VERSION ?= $(shell git describe --tags --always --dirty --abbrev=10 2>/dev/null || echo dev)
IMAGE ?= ringside
OUT ?= .bin/out
PROGRAMS ?= ./router ./gameserver ./clients/bot

.PHONY: static
static: ## build the programs as an image has them, into OUT: static, stripped, with VERSION in them
	CGO_ENABLED=0 $(GO) build -trimpath -buildvcs=false -ldflags '-s -w -X github.com/ringside-go/ringside/internal/flags.version=$(VERSION)' -o $(OUT)/ $(PROGRAMS)

.PHONY: image
image: ## build the image IMAGE:VERSION with Docker
	docker build --build-arg VERSION=$(VERSION) -t $(IMAGE):$(VERSION) .

.PHONY: image-tar
image-tar: ## the same image without Docker, as .bin/image.tar
	$(MAKE) static OUT=.bin/image/out
	$(GO) run ./deploy/k8s/image -stage build=.bin/image -t $(IMAGE):$(VERSION) -o .bin/image.tar
	@echo "$(IMAGE):$(VERSION) is in .bin/image.tar"

.PHONY: release
release: ## the files of release VERSION=v1.2.3 in .bin/release: programs, images, npm package, chart, SBOMs, notes, checksums
	deploy/release/build "$(VERSION)" .bin/release

.PHONY: release-test
release-test: ## build parts of a release twice, from two folders and once with an empty cache, and compare; install a released version with go install (minutes)
	RELEASE_TEST=1 $(GO) test -count=1 -v -timeout 60m ./deploy/release

.PHONY: test
test: ## everything that must hold before a change lands (about 20 minutes on 2 cores)
	@MAKE="$(MAKE)" .ci/steps check web-test npm-test web-e2e python-test race results-test examples sim-short fuzz-short bench-once manifests fleet attack-short

.PHONY: quick
quick: ## format, vet and the tests of the packages with changes since the newest commit, or since BASE
	@GO="$(GO)" .ci/quick $(BASE)

.PHONY: check
check: web-check vuln ## format, vet, staticcheck, tidy module files, bundles as built, known vulnerabilities
	@out=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$out" ]; then echo "not gofmt'ed, run gofmt -w on:"; echo "$$out"; exit 1; fi
	$(GO) vet ./...
	$(GO) tool staticcheck ./...
	$(GO) mod tidy -diff
	cd gameserver/examples && $(GO) vet ./... && $$(cd ../.. && $(GO) tool -n staticcheck) ./... && $(GO) mod tidy -diff

.PHONY: vuln
vuln: ## known vulnerabilities of the code that is called, where their database can be reached
	@.ci/vuln "$(GO)"

.PHONY: manifests
manifests: ## hold deploy/k8s against the code of Kubernetes' API server and against the programs, and the Helm chart against it (its first build takes minutes)
	cd deploy/k8s/validate && $(GO) test -count=1 ./...

# K8S_UP names a folder of scripts that bring a cluster up; see deploy/k8s/test/main.go. K8S takes its flags.
K8S ?=

.PHONY: k8s-test
k8s-test: ## roll out, kill, evict, scale and lose a node on a real Kubernetes while bots play (about 10 minutes); K8S="-context NAME" uses one that is there
	$(GO) run ./deploy/k8s/test -json .bin/k8s-test.json $(K8S)

.PHONY: k8s-new
k8s-new: ## on the same cluster: write a game with ringside new, build its image, deploy it and update it while two bots play (about 3 minutes)
	$(GO) run ./deploy/k8s/test -new arena -json .bin/k8s-new.json $(K8S)

.PHONY: web
web: ## bundle the SDK and the pages into clients/web/dist, which is committed
	@clients/web/build dist

.PHONY: web-check
web-check:
	@clients/web/build "$(CURDIR)/.build/web"
	@diff -r .build/web clients/web/dist || { echo "clients/web/dist is not what its sources give: run make web and commit it"; exit 1; }

.PHONY: web-test
web-test: clients/web/node_modules/.package-lock.json ## types and tests of the SDK and the pages, with Node and npm
	@clients/web/test/run

.PHONY: pictures
pictures: clients/web/node_modules/.package-lock.json ## the pictures of the READMEs, from the real pages on a real fleet; needs Chromium and ImageMagick
	@clients/web/e2e/run --pictures

NPM_OUT ?= .build/npm

.PHONY: npm
npm: clients/web/node_modules/.package-lock.json ## pack @ringside-go/client, of VERSION, into .build/npm
	@clients/web/package/build "$(VERSION)" $(NPM_OUT)

.PHONY: npm-test
npm-test: clients/web/node_modules/.package-lock.json ## install that into empty Node and Vite projects, which check their types and play (about a minute)
	@clients/web/test/package/run "$(VERSION)"

.PHONY: web-e2e
web-e2e: clients/web/node_modules/.package-lock.json ## the pages in a headless Chromium, on a fleet that is broken under them (about 2 minutes)
	@clients/web/e2e/run

# For how many minutes the pages of web-e2e-long stay hidden.
LONGTIME ?= 60

.PHONY: web-e2e-long
web-e2e-long: clients/web/node_modules/.package-lock.json ## LONGTIME (default 60) minutes of a hidden tab and a minimised phone, and a laptop that sleeps for 2 and 15
	@RINGSIDE_E2E_LONG=$(LONGTIME) clients/web/e2e/run --long

.PHONY: python-test
python-test: ## the Python client, written from PROTOCOL.md alone: golden files, then a match on a fleet that is broken under it (about 30 s)
	@if command -v python3 >/dev/null; then cd clients/python && python3 -m unittest discover test; \
	else echo "SKIPPED, PROTOCOL.md IS NOT PROVEN: there is no python3; install Python 3.10 or later"; fi
	RINGSIDE_PYTHON=1 $(GO) test -count=1 -v -run '^TestPython' -timeout 5m ./deploy/local

clients/web/node_modules/.package-lock.json: clients/web/package-lock.json
	cd clients/web && npm ci --no-audit --no-fund
	@touch $@

.PHONY: proxies
proxies:
	@.ci/proxies

.PHONY: race
race: proxies ## all tests under the race detector, but those of results-test, whose processes need the machine
	$(GO) test -race -shuffle=on -timeout 10m $$($(GO) list ./... | grep -v /testfleet/outage$$)

.PHONY: examples
examples: ## the games of gameserver/examples, a module of their own: each is built and played as an outsider would
	cd gameserver/examples && $(GO) test -race -shuffle=on -count=1 ./...

.PHONY: results-test
results-test: ## the results store on SQLite and on a PostgreSQL that is started for it (installed first where root may), and processes that are killed around it
	@.ci/postgres $(GO) test -race -count=1 ./router/internal/results
	@.ci/postgres $(GO) test -race -count=1 ./internal/testfleet/outage

.PHONY: results-bench
results-bench: ## outcomes a second, durable: the spool, SQLite, PostgreSQL
	$(GO) test -run '^$$' -bench . -benchtime 100000x ./gameserver/internal/spool
	@.ci/postgres $(GO) test -run '^$$' -bench . -benchtime 300x ./router/internal/results

.PHONY: results-figures
results-figures: results-bench ## these, how late players hear outcomes with each store, what results cost a tick, and the sizes of the programs
	@RINGSIDE_FIGURES=1 .ci/postgres $(GO) test -count=1 -v -timeout 60m -run 'HowLate|ResultsCost' ./internal/testfleet/outage | grep -E 'store |FAIL|^ok'
	@$(MAKE) --no-print-directory static OUT=.bin/figures && ls -l .bin/figures/gameserver .bin/figures/router | awk '{print $$5, $$NF}'

# How long the store is down in the long form.
OUTAGE ?= 1h

.PHONY: outage
outage: ## kill processes, fill disks and stop the results store for OUTAGE (default 1h), and compare what players heard with what is stored
	RINGSIDE_OUTAGE=$(OUTAGE) .ci/postgres $(GO) test -count=1 -v -timeout 24h ./internal/testfleet/outage

# MUTANTS is how many of each package are tried, MUTATE takes packages (default: those of files with changes) and flags.
MUTANTS ?= 40
MUTATE ?=

.PHONY: mutate
mutate: ## change operators and constants of the files with changes, or MUTATE="./proto/state", and list what no test notices (about 10 s a mutant)
	nice -n 10 $(GO) run ./internal/mutate -n $(MUTANTS) $(MUTATE)

.PHONY: repeat
repeat: ## the packages with loops, many times: finds what passes once
	$(GO) test -race -short -count=100 -timeout 30m ./gameserver/internal/...

.PHONY: fuzz-short
fuzz-short: ## every fuzz target with FUZZTIME inputs each (default 2000x)
	@.ci/fuzz $(FUZZTIME)

.PHONY: fuzz
fuzz: ## every fuzz target with two million inputs each (minutes)
	@.ci/fuzz 2000000x

.PHONY: bench-once
bench-once: ## every benchmark once, so that none rots
	$(GO) test -run '^$$' -bench . -benchtime 1x ./...

.PHONY: fleet
fleet: ## real processes and 160 bots for FLEETTIME (default 20s), in redirect and in proxy mode, and some faults
	RINGSIDE_FLEET=$(FLEETTIME) $(GO) test -count=1 -v -run '^TestFleet' -timeout 10m ./deploy/local

# What make chaos breaks: CHAOS takes further flags, such as -seed 7 or -phases partition.
CHAOSTIME ?= 10m
CHAOS ?=

# How many schedules of faults the short form plays: so many one by one, beside the cases of all guarantees, and each time half of
# that with faults that overlap, without deaths and with. Each process uses one core.
SIMSHORT ?= 80

.PHONY: sim-short
sim-short: ## hundreds of schedules of faults on a simulated fleet (about 3 minutes)
	$(GO) test -c -o .bin/sim.test ./internal/testfleet/sim
	@cd internal/testfleet/sim && { SEEDS=$(SIMSHORT) ../../../.bin/sim.test -test.skip AllAtOnce & one=$$!; \
	SEEDS=$$(($(SIMSHORT) / 2)) ../../../.bin/sim.test -test.run AllAtOnce; many=$$?; wait $$one && exit $$many; }

.PHONY: sim
sim: ## SEEDS (default 500) schedules of faults on simulated fleets, from seed FROM (default 1), on all cores; SEED=n plays one again and prints its log
ifdef SEED
	SEED=$(SEED) $(GO) test -count=1 -v -run '^TestFaults' ./internal/testfleet/sim
else
	@GO="$(GO)" FROM=$(FROM) SEEDS=$(SEEDS) .ci/sim
endif

.PHONY: chaos
chaos: ## break real fleets for CHAOSTIME (default 10m) while bots play; as root with iproute2, their networks too, and with nftables or iptables, refusals
	$(GO) run ./deploy/local -chaos -for $(CHAOSTIME) -json .bin/chaos.json $(CHAOS)

.PHONY: chaos-short
chaos-short: ## the same with every kind of fault once (about 3 minutes)
	$(GO) run ./deploy/local -chaos -json .bin/chaos.json $(CHAOS)

# ATTACK takes further flags, such as -phases 1a,2b, or -undefended, which switches the limits off to see attacks succeed.
ATTACK ?=

.PHONY: attack
attack: ## attack a fleet of real processes with raw programs while honest players play, and print what held
	$(GO) run ./deploy/local -attack -json .bin/attack.json $(ATTACK)

.PHONY: attack-short
attack-short: ## the same without what takes long (under a minute)
	$(GO) run ./deploy/local -attack -short -json .bin/attack.json $(ATTACK)

.PHONY: bench
bench: ## figures: micro-benchmarks of the tick path, one server under load on a core of its own, and beside raw gws and the floor (20 minutes; nothing else may run)
	$(GO) test -run '^$$' -bench 'Commit|Delta|Step|Tick|Frame|Home' -benchmem ./proto/state ./gameserver/... ./internal/placement
	$(GO) run ./deploy/local -bench

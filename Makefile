# make test       every test, with what it needs installed first
# make ci         make check, then make test: what a change has to pass
# make fmt        format the Go code
# make adapters   run the suite for adapters, and write docs/adapters.md
# make faults     run the tests with faults, and write their counts into docs/reliability.md
# make page       check, test and build the documentation page
# make help       this list, and the steps

GOLANGCI_LINT_VERSION := v2.15.0
GOLANGCI_LINT         := bin/golangci-lint-$(GOLANGCI_LINT_VERSION)

# The end-to-end tests drive the showcase with a client that isn't ours.
E2E := examples/showcase/e2e

# Documents have to be right in the eyes of others, too.
DOCUMENTS := core/asyncapi/check/parser

# The documentation page, whose built file is in the repository, is read in a real browser.
PAGE    := core/asyncapi/page
BROWSER := examples/showcase/browser

# Debian has servers where not everybody looks for programs.
export PATH := $(PATH):/usr/sbin

.PHONY: help test ci check setup format-check fmt vet lint standalone tidy-check generate-check unit faults adapters adapters-check page page-test documents e2e browser clean

help:
	@sed -n 's/^# make/make/p' Makefile
	@echo 'steps of check: setup format-check vet lint standalone tidy-check generate-check'
	@echo 'steps of test:  setup unit page-test adapters-check documents e2e browser'

# One step at a time, in the order in which they stand: each uses all cores.
.NOTPARALLEL:

ci: check test

check: setup format-check tidy-check vet lint standalone generate-check

test: setup unit page-test adapters-check documents e2e browser

# The race detector needs a C compiler, the page and the end-to-end tests need Node, and
# a browser; the layers are tested on real servers, which the tests start themselves.
setup:
	@scripts/setup go gcc node npm chromium redis-server redis-sentinel valkey-server nats-server

fmt:
	@gofmt -w $$(scripts/modules)

format-check:
	@echo '== gofmt'
	@scripts/no-output 'not formatted: run make fmt' gofmt -l $$(scripts/modules)

vet:
	@echo '== go vet'
	go vet work

lint: $(GOLANGCI_LINT)
	@echo '== golangci-lint'
	@scripts/each-module $(CURDIR)/$(GOLANGCI_LINT) run ./...

# Built from source, as the Go module proxy and its checksums vouch for it.
$(GOLANGCI_LINT):
	@echo '== building golangci-lint $(GOLANGCI_LINT_VERSION), once'
	@mkdir -p bin
	@GOBIN=$(CURDIR)/bin/.new GOWORK=off go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_LINT_VERSION)
	@mv bin/.new/golangci-lint $@
	@rmdir bin/.new

# Every module must work for those who get it without the workspace.
standalone:
	@echo '== each module on its own'
	@scripts/each-module scripts/standalone

tidy-check:
	@echo '== go mod tidy'
	@scripts/workspace
	@scripts/each-module env GOWORK=off go mod tidy -diff

generate-check:
	@echo '== go generate'
	@scripts/generated

# The last two are about what lies outside of their modules, or what go list says:
# Go's test cache doesn't see that change.
unit:
	@echo '== go test'
	CGO_ENABLED=1 go test -race work
	CGO_ENABLED=1 go test -race -count=1 ./examples
	CGO_ENABLED=1 go test -race -count=1 -run='Dependen' ./core

page: page-test
	cd $(PAGE) && npm run --silent build

page-test:
	@echo '== the source of the documentation page'
	@cd $(PAGE) && npm ci --no-audit --no-fund && npm run --silent check && npm test --silent

# Minutes of servers that are killed, and networks that are taken away.
faults: setup
	CGO_ENABLED=1 go test -race -count=1 -timeout 60m ./core/layer/faulttest -write

adapters:
	go run ./core/adaptertest/table -w docs/adapters.md

adapters-check:
	@echo '== the table of adapters'
	go run ./core/adaptertest/table -check docs/adapters.md

documents:
	@echo "== documents, as AsyncAPI's parser and Spectral read them"
	@cd $(DOCUMENTS) && npm ci --no-audit --no-fund && npm test --silent

e2e:
	@echo '== end-to-end tests'
	@cd $(E2E) && npm ci --no-audit --no-fund && node --test

browser:
	@echo '== the pages in a browser'
	@cd $(BROWSER) && npm ci --no-audit --no-fund && npm test

clean:
	rm -rf bin $(PAGE)/node_modules $(DOCUMENTS)/node_modules $(E2E)/node_modules $(BROWSER)/node_modules

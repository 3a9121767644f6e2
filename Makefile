# `make help` lists the targets. Run and test need only Go and a package manager:
# what else they need they install.

GO ?= go
LINT = $(GO) tool -modfile=tools/go.mod golangci-lint
TESTENV = $(GO) run ./internal/testkit/testenv
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)

# PKG=./internal/store/... TESTFLAGS='-run Name' narrow the tests; ARGS are for chatd dev.
PKG ?= ./...
TESTFLAGS ?=
ARGS ?=

.PHONY: help run build test test-race lint fmt check sdk sdk-two sdk-react coverage bench

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "%-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: build ## Install PostgreSQL if it is missing, then run chatd with a demo app.
	@tools/need postgres
	@exec bin/chatd dev $(ARGS)

build: ## Build bin/chatd.
	$(GO) build -ldflags '-s -w -X main.version=$(VERSION)' -o bin/chatd ./cmd/chatd

test: ## Install PostgreSQL, Redis and Node.js if they are missing, then run all tests.
	@tools/need postgres redis node
	$(TESTENV) $(GO) test $(TESTFLAGS) $(PKG)

test-race: ## The same with the race detector.
	@tools/need postgres redis node
	$(TESTENV) $(GO) test -race $(TESTFLAGS) $(PKG)

lint: ## Run the linters (the first time builds them, two minutes).
	$(LINT) run ./...

fmt: ## Format the code.
	$(LINT) fmt ./...

check: ## Everything that CI runs.
	.ci/run

sdk: build ## Run the tests with the official SDKs against one node.
	@tools/need postgres redis node
	$(TESTENV) -chatd bin/chatd sdktest/run

sdk-two: build ## The same against two nodes on one PostgreSQL and Redis.
	@tools/need postgres redis node
	@rm -rf results/operations
	$(TESTENV) -chatd bin/chatd -nodes 2 -operations results/operations/js sdktest/run js
	$(TESTENV) -chatd bin/chatd -nodes 2 -operations results/operations/node sdktest/run node
	$(TESTENV) -chatd bin/chatd -nodes 2 -operations results/operations/go sdktest/run go

sdk-react: build ## Run the tests with the React components in a real browser.
	@tools/need postgres redis node chromium
	npm ci --prefix sdktest/react --no-audit --no-fund --loglevel=error
	$(TESTENV) env CHATD=$(CURDIR)/bin/chatd npm test --silent --prefix sdktest/react

coverage: sdk-two ## Run the SDK tests and the route tests, and write from them what works.
	$(TESTENV) env CHATD_TEST_OPERATIONS=$(CURDIR)/results/operations/route $(GO) test -count=1 ./internal/httpapi
	$(GO) run ./internal/testkit/coverage internal/httpapi/testdata/operations.txt results/operations README.md docs/coverage.md

bench: build ## Measure chatd, and the machine beside it.
	@tools/need postgres redis
	$(GO) run ./bench $(ARGS)

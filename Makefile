# Valise: see CONTRIBUTING.md for the tiers of tests.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

export SWIFT_BACKTRACE := enable=no
VENV := .build-venv
PREFIX := /usr/local
DESTDIR :=
CORE := --scratch-path .build-core
# Tests with servers or long computations: a process for each, so that none waits for the others' processors.
SERVERS := RelayTests|CheatTests|WatchTests|AuditTests|DeskTests
# Tests of what the relay cuts off after seconds, which nothing else may delay.
TIMED := SlowRequestTests

.PHONY: help setup build man completions demo check test test-deep test-long bench vectors catalogue install deb install-tools format

help: ## what can be made
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## install the C libraries that are missing (Debian, Ubuntu)
	@Tests/Scripts/setup.sh libssl-dev libsqlite3-dev pkg-config

build: setup ## the debug build that tests and demonstration share
	swift build --build-tests

man: build ## manual pages of the three programs, into .build/man
	python3 Tests/Scripts/man.py "$$(swift build --show-bin-path)" .build/man

completions: build ## completions for bash, zsh and fish, into .build/completions
	Tests/Scripts/completions.sh "$$(swift build --show-bin-path)" .build/completions

install: setup ## the programs, manual pages, completions and the relay's service, below DESTDIR and PREFIX
	for program in valise valise-relay valise-audit; do swift build -c release --product $$program; done
	BIN="$$(swift build -c release --show-bin-path)" PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' Packaging/install.sh

deb: setup ## the Debian package of the relay, into .build/deb
	swift build -c release --static-swift-stdlib --product valise-relay
	BIN="$$(swift build -c release --show-bin-path)" OUT=.build/deb Packaging/deb.sh

demo: setup ## play the scene with the real programs
	swift build --product valise
	swift build --product valise-relay
	swift build --product valise-audit
	Tests/Scripts/demo.sh

check: ## formatting, tidy rules, links, the API document; no build
	swift format lint --strict --recursive --configuration .swift-format Package.swift Sources Tests
	python3 Tests/Scripts/tidy.py
	python3 Tests/Scripts/links.py
	python3 Tests/Scripts/openapi.py

test: build ## all tests, and the scripts over the programs
	swift test --skip-build --skip '$(SERVERS)'
	for suite in $$(tr '|' ' ' <<<'$(SERVERS)'); do swift test --skip-build --filter "$$suite" --skip '$(TIMED)'; done
	swift test --skip-build --filter '$(TIMED)'
	Tests/Scripts/all.sh

test-deep: setup ## sanitizers, fuzz, foreign verifiers, kills
	Tests/Scripts/deep.sh

test-long: build ## 200 kills, ten minutes of soak; by hand, before an issue is closed
	KILLS=200 Tests/Scripts/kills.sh
	SECONDS_LONG=600 Tests/Scripts/soak.sh

bench: setup ## the release build's figures, for Docs/Benchmarks.md
	swift build -c release --product valise-bench
	swift build -c release --product valise-relay
	swift build -c release --product valise
	.build/release/valise-bench submit
	rm -rf .build/bench-log
	.build/release/valise-bench log --entries 1000000 --out .build/bench-log
	.build/release/valise-bench replay --log .build/bench-log
	Tests/Scripts/inbox-bench.sh
	Tests/Scripts/desk-bench.sh
	Tests/Scripts/seal-bench.sh
	@# Last, since they end the run where a limit is not met. They raise their open files to the hard limit themselves.
	.build/release/valise-bench idle
	.build/release/valise-bench flood

vectors: ## write Tests/Vectors/valise again from fixed seeds
	VALISE_CORE=1 VALISE_WRITE_VECTORS=1 swift test $(CORE) --filter 'StatementsTests|RulesTests|SealingTests'

catalogue: build ## write the table of cheats in Docs/ThreatModel.md again from its tests
	VALISE_WRITE_CATALOGUE=1 swift test --skip-build --filter CatalogueTests

format: ## format in place
	swift format --in-place --recursive --configuration .swift-format Package.swift Sources Tests

# Holdfast's tasks. `make help` lists them.
#
# Every path is relative, so the repository may live in a folder with spaces in its name.

PYTHON  ?=
PORT    ?= 8787
ARGS    ?=
JOBS    ?= auto
STRESSED := $(addprefix tests/,engine host node objects polyfills sockets workers)

BIN       := .venv/bin
INSTALLED := .venv/.installed
PEERS     := node_modules/.installed
OXLINT    := node_modules/.bin/oxlint
# Brands are used by `#brand in this`, sets are copied because they change, control
# characters are meant, and a private field is read for the error it throws.
OXLINT_ALLOWS := -A no-unused-private-class-members -A unicorn/no-useless-spread \
	-A no-control-regex -A no-unused-expressions

# An environment that was made for another folder is made again: it holds absolute paths.
ifneq ($(shell cat $(INSTALLED) 2>/dev/null),$(CURDIR))
.PHONY: $(INSTALLED)
endif

.DEFAULT_GOAL := help

.PHONY: help
help: ## Lists the targets
	@echo 'Usage: make <target>'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)$$/  \1|\2/p' Makefile | awk -F'|' '{ printf "%-12s %s\n", $$1, $$2 }'

.PHONY: install
install: $(INSTALLED) ## Makes .venv and installs Holdfast into it, editable, with the development tools

$(INSTALLED): pyproject.toml .ci/make-venv
	@[ ! -e $@ ] || [ "$$(cat $@)" = "$(CURDIR)" ] || rm -rf .venv
	@PYTHON="$(PYTHON)" .ci/make-venv .venv
	@echo 'Installing Holdfast into .venv'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@$(BIN)/python -m compileall -q runtime # or each start would pay 100 ms where no cache is written
	@printf '%s\n' "$(CURDIR)" > $@

.PHONY: run
run: $(INSTALLED) ## Serves js-examples/counter.mjs on http://127.0.0.1:8787 (PORT=...)
	@$(BIN)/holdfast run js-examples/counter.mjs --port $(PORT)

.PHONY: test
test: $(INSTALLED) ## Runs all tests (ARGS='-m "not slow" tests/engine' to choose, JOBS=1 for one process)
	@$(BIN)/python -m pytest $(if $(filter-out 1,$(JOBS)),-n $(JOBS) --maxprocesses 8 --dist worksteal) $(ARGS)

.PHONY: stress
stress: $(INSTALLED) ## Runs tests with garbage collected all the time and the engine's memory counted
	@HOLDFAST_STRESS=gc,leaks $(BIN)/python -m pytest -m "not slow" $(or $(ARGS),$(STRESSED))

.PHONY: check
check: $(INSTALLED) ## Checks format, lint, types and architecture; edits nothing
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/python -m pytest --quiet tests/test_architecture.py tests/test_polyfill_modules.py
	@if [ -x $(OXLINT) ]; then set -x; $(OXLINT) --deny-warnings $(OXLINT_ALLOWS) polyfills benchmarks/scripts; \
	else echo 'JavaScript is not linted: that takes `make peers`.'; fi

.PHONY: fix
fix: $(INSTALLED) ## Formats the code and applies the safe fixes of the linter
	$(BIN)/ruff check --fix --exit-zero
	$(BIN)/ruff format

.PHONY: bench
bench: $(INSTALLED) ## Measures Holdfast beside workerd; writes benchmarks/RESULTS.md (needs wrk, strace, make peers)
	@$(BIN)/python -m compileall -q runtime # as pip does it: a start compiles nothing
	@$(BIN)/python -m benchmarks $(ARGS)

.PHONY: wpt
wpt: $(INSTALLED) ## Runs the Web Platform Tests (WPT_DIR=a checkout; ARGS='url encoding/textdecoder')
	@$(BIN)/python -m tests.wpt $(ARGS)

.PHONY: simulate
simulate: $(INSTALLED) ## Runs many seeds of the simulation (ARGS='--seeds 5000', or '--seed 7 --trace')
	@$(BIN)/python -m tests.simulation $(ARGS)

.PHONY: hunt
hunt: $(INSTALLED) $(PEERS) ## Runs programs that nobody wrote on workerd too (ARGS='storage --seeds 5000')
	@$(BIN)/python -m tests.differential.hunt $(ARGS)

.PHONY: peers
peers: $(PEERS) ## Installs workerd, Wrangler and oxlint from npm into node_modules, for tests and checks

$(PEERS): package.json
	@command -v npm >/dev/null || { echo 'npm is missing. On Debian or Ubuntu:  apt-get install npm' >&2; exit 1; }
	npm install --no-package-lock --no-audit --no-fund --ignore-scripts
	@touch $@

.PHONY: clean
clean: ## Removes the environment, the peers and every cache; keeps data and fetched tests
	rm -rf .venv node_modules .libraries build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Every verb a user or developer needs; each sets itself up in .venv. `make help` lists them.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
SHELL  := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

# What serves or tests once was installed from these files; pip runs again only when one changes.
SERVER := $(VENV)/.installed-server
DEV    := $(VENV)/.installed-dev
PIP    := $(BIN)/python -m pip -qq --no-input --disable-pip-version-check
# -qq keeps pip from naming the index it asks; its errors are still shown.

# Half as many again as there are processors: many tests wait for a server or a client to answer.
WORKERS = $(shell $(BIN)/python -c 'import os; print(max(2, (os.cpu_count() or 2) * 3 // 2))')

# Arguments for pytest, for `portway serve`, for `make accept`: empty unless given.
PYTEST_ARGS ?=
ARGS ?=

##@ Run

.PHONY: serve
serve: $(SERVER)  ## Run the server; ARGS="--clock wall" and the like reach `portway serve`
	@exec $(BIN)/portway serve $(ARGS)

##@ Test

.PHONY: test
test: check  ## Everything that has to hold: `check`, then the tests; PYTEST_ARGS="-k wire"
	@$(BIN)/python -m pytest -n $(WORKERS) $(PYTEST_ARGS)

.PHONY: check
check: format-check lint types layers purity proto-check docs-check  ## All that needs no test run: format, lint, types, layers, purity, docs

.PHONY: format-check lint types layers purity proto-check docs-check
format-check: $(DEV)
	@$(BIN)/ruff format --check --quiet --output-format concise . || { echo 'make format mends this'; exit 1; }
lint: $(DEV)
	@$(BIN)/ruff check --quiet --output-format concise .
types: $(DEV)
	@$(BIN)/mypy --strict
layers: $(DEV)
	@out=$$(NO_COLOR=1 $(BIN)/lint-imports --no-cache 2>&1) || { printf '%s\n' "$$out"; exit 1; }
purity: $(DEV)
	@$(BIN)/python -m tools.purity
proto-check: $(DEV)
	@$(BIN)/python tools/generate_proto.py --check
docs-check: $(DEV)
	@if [ -f tools/compat_table.py ]; then $(BIN)/python tools/compat_table.py --check; fi
	@$(BIN)/python tools/order_states.py --check
	@$(BIN)/python -m tools.async_sdk --check

.PHONY: format
format: $(DEV)  ## Rewrite the source in its format, and mend what the linter can
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

.PHONY: cases
cases: $(DEV)  ## Run the case files of the folder PORTWAY_CASES (../shared/cases)
	@$(BIN)/python -m tools.cases

.PHONY: accept
accept: $(DEV)  ## Run the conformance kits of PORTWAY_SHARED (../shared); K=regex, TIMES=3
	@$(BIN)/python -m tools.accept $(if $(K),-k '$(K)') $(if $(TIMES),--times '$(TIMES)')

.PHONY: fuzz
fuzz: $(DEV)  ## The property tests of bad input, with many more examples
	@HYPOTHESIS_PROFILE=fuzz $(BIN)/python -m pytest -n logical -m fuzz $(PYTEST_ARGS)

.PHONY: sim
sim: $(DEV)  ## From a seed: a million events, power cuts at every write, kills: SEED=7
	@test -n '$(SEED)' || { echo 'which seed? make sim SEED=7'; exit 2; }
	@PORTWAY_SEED='$(SEED)' $(BIN)/python -m pytest tests/simulation $(PYTEST_ARGS)

.PHONY: bench
bench: $(DEV)  ## Run every script of bench/; each prints its figure
	@shopt -s nullglob; for script in bench/*.py; do echo "$$script"; $(BIN)/python "$$script" || exit 1; done

##@ Make

.PHONY: proto
proto: $(DEV)  ## Write src/portway/wire/pb from proto/
	@$(BIN)/python tools/generate_proto.py

.PHONY: calendars
calendars: $(DEV)  ## Write the tables of trading days anew
	@$(BIN)/python tools/calendars.py

# Both locks come from pyproject.toml; what serves is pinned alike in both. UPGRADE=1 takes newer ones.
COMPILE := CUSTOM_COMPILE_COMMAND='make lock' $(BIN)/python -m piptools compile --quiet \
	--generate-hashes --strip-extras --allow-unsafe --no-emit-index-url --no-emit-find-links \
	--no-emit-trusted-host --build-deps-for editable $(if $(UPGRADE),--upgrade)
.PHONY: lock
lock: $(DEV)  ## Pin the dependencies anew in requirements/; UPGRADE=1 for the newest
	@$(COMPILE) --extra server --output-file requirements/server.txt pyproject.toml
	@$(COMPILE) --extra server --extra dev --constraint requirements/server.txt \
		--output-file requirements/dev.txt pyproject.toml

.PHONY: clean
clean:  ## Remove what was built and installed here; no server's home is touched
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help
help:  ## Print this
	@awk 'BEGIN { FS = ":.*  ## " } \
		/^##@/ { printf "\n%s\n", substr($$0, 5) } \
		/^[a-z-]+:.*  ## / { printf "  make %-10s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

# Setting up

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "portway needs Python 3.11 or newer; $(PYTHON) is" \
			"$$($(PYTHON) --version 2>&1 || true). Name another: make PYTHON=python3.12 ..." >&2; \
		exit 2; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 2; }

$(SERVER): requirements/server.txt pyproject.toml | $(BIN)/python
	@echo 'installing portway into $(VENV), once' >&2
	@$(PIP) install --require-hashes -r requirements/server.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): requirements/dev.txt requirements/server.txt pyproject.toml | $(BIN)/python
	@echo 'installing portway and its tools into $(VENV), once' >&2
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@$(PIP) install --no-deps --no-build-isolation -e .
	@touch $(SERVER) $@

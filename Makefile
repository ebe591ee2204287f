# Colocast: every command a person needs. `make run` and `make test` set everything up by themselves.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export COLOCAST_HOME ?= $(CURDIR)/.colocast
export DAGSTER_HOME ?= $(COLOCAST_HOME)/dagster

.PHONY: help run test setup ui check docs bench reliability audit lock

help:
	@echo "make run    set up, then read the bundled reports, forecast and publish"
	@echo "make test   set up, then all tests"
	@echo "make ui     the Dagster web UI at 127.0.0.1:3000, schedules and sensors running"
	@echo "make setup | check | docs | bench | reliability | audit | lock"

run: $(VENV)/.core
	@$(BIN)/colocast run

# Whole files to each process: what the tests of a file share is made once. Three for two cores, since servers, browsers
# and runs that tests start let them wait.
test: $(VENV)/.dev
	@$(BIN)/python -m pytest -n 3 --dist loadfile -q

setup: $(VENV)/.core

ui: $(VENV)/.core
	@$(BIN)/colocast ui

check: $(VENV)/.dev
	$(BIN)/ruff format --check --no-cache .
	$(BIN)/ruff check --no-cache .
	$(BIN)/mypy
	$(BIN)/lint-imports

# The site of docs/ into build/docs, to be opened from there or put on any web server; a broken link ends it.
docs: $(VENV)/.dev
	@$(BIN)/python -m sphinx --fail-on-warning --keep-going --nitpicky --fresh-env --quiet docs build/docs
	@echo "build/docs/index.html"

# Every measured number of the docs; hours on a small machine. What is promised of faults stands in `reliability`.
bench: $(VENV)/.dev reliability
	@$(BIN)/python -m bench.reading
	@$(BIN)/python -m bench.main_job
	@$(BIN)/python -m bench.forecasting --by-horizon
	@$(BIN)/python -m bench.forecast_scale
	@$(BIN)/python -m bench.reconciliation
	@$(BIN)/python -m bench.lease_scale
	@$(BIN)/python -m bench.lease_worlds
	@$(BIN)/python -m bench.vintages
	@$(BIN)/python -m bench.alert_delivery
	@$(BIN)/python -m bench.page
	@$(BIN)/python -m bench.published_scale
	@$(BIN)/python -m bench.scale

# The table of docs/reliability.md, row by row and at full size. Postgres and a mount need Debian's postgresql and root.
reliability: $(VENV)/.dev
	@$(BIN)/python -m bench.kill_points
	@$(BIN)/python -m bench.disk_full
	@$(BIN)/python -m bench.damage
	@$(BIN)/python -m bench.readers_under_publication
	@$(BIN)/python -m bench.clash
	@$(BIN)/python -m bench.hostile_input
	@$(BIN)/python -m bench.fuzz
	@$(BIN)/python -m bench.sql_attacks
	@$(BIN)/python -m bench.same_bits
	@$(BIN)/python -m bench.soak
	@$(BIN)/python -m bench.run_workers
	@$(BIN)/python -m bench.fan_out
	@$(BIN)/python -m bench.lake

# Licences and known vulnerabilities of every locked package, without a network.
audit: $(VENV)/.dev
	@$(BIN)/python -m bench.audit

# uv lives inside the environment, so that a machine needs Python and make alone.
$(VENV)/.uv: requirements/uv.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Colocast needs Python 3.11 or newer; found %d.%d. Point PYTHON at a newer one: make run PYTHON=python3.12" % sys.version_info[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $@

$(VENV)/.core: $(VENV)/.uv requirements/core.txt pyproject.toml
	@echo "Installing the locked requirements into $(VENV) ..."
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/core.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --no-deps --no-build-isolation -e .
	@echo "Compiling the models (once) ..."
	@$(BIN)/python -m forecasts.warm
	@touch $@

$(VENV)/.dev: $(VENV)/.core requirements/dev.txt
	@$(BIN)/uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

# Renew the locks after a change of pyproject.toml.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
lock: $(VENV)/.uv
	$(LOCK) requirements/uv.in -o requirements/uv.txt
	$(LOCK) pyproject.toml -o requirements/core.txt
	$(LOCK) pyproject.toml --extra dev --extra scale -c requirements/core.txt -o requirements/dev.txt
	$(LOCK) pyproject.toml --extra scale -c requirements/core.txt -o requirements/scale.txt

# Tallystick. `make` lists what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JOBS ?= 2

.DEFAULT_GOAL := help
.PHONY: help run setup setup-dev test lint check bench lock

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(VENV)/.runtime: requirements.txt
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing what requirements.txt locks ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: tests/requirements.txt $(VENV)/.runtime
	@echo "Installing what tests/requirements.txt locks ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r tests/requirements.txt
	@touch $@

setup: $(VENV)/.runtime ## make the environment

setup-dev: $(VENV)/.dev

run: setup ## start console, APIs, worker and scheduler on the embedded database, with a demo (PORT=9000 make run)
	@$(BIN)/python manage.py run --demo

test: setup-dev ## the whole suite on the embedded database, and on PostgreSQL where there is one
	@PYTHON=$(BIN)/python JOBS=$(JOBS) sh tests/run.sh

lint: setup-dev ## style, types, floors, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-logo
	$(BIN)/mypy
	SECRET_KEY=only-for-checking-that-no-migration-is-missing $(BIN)/python manage.py makemigrations --check --dry-run

check: lint test ## what CI runs

bench: setup-dev ## figures as ratios to the database's own limits, on PostgreSQL
	$(BIN)/python -m tests.bench

lock: setup-dev ## resolve pyproject.toml anew into the two requirement files
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links \
		--allow-unsafe --no-emit-options -o requirements.txt pyproject.toml
	$(BIN)/pip-compile --quiet --upgrade --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links \
		--allow-unsafe --no-emit-options --extra dev -o tests/requirements.txt pyproject.toml

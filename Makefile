# Every command of Weike. `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.ONESHELL:
PY := .venv/bin/python
HOST ?= 127.0.0.1
PORT ?= 8000
WORKERS ?= 2

.PHONY: help setup run backup restore test lint types contracts unit postgresql browser faults bench assets messages migration lock screenshots clean

help: ## List every command
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: ## Install everything that running needs (done by `make run`)
	@bash scripts/setup.sh run

run: setup ## Set up, load the demo on the first run, serve web and worker: HOST=… PORT=… DEMO=no
	@exec $(PY) -m scripts.serve --host $(HOST) --port $(PORT) $(if $(filter no,$(DEMO)),--no-demo)

backup: ## Copy database, keys and uploads to a folder, also while Weike serves: TO=/mnt/weike
	@test -n "$(TO)" || { echo 'Say where to: make backup TO=/mnt/weike' >&2; exit 2; }
	$(PY) -m scripts.backup "$(TO)"

restore: setup ## Put a backup in the place of what is there, while Weike rests: BACKUP=/mnt/weike CHECK=yes ANYWAY=yes
	@$(PY) -m scripts.restore $(if $(BACKUP),"$(BACKUP)") $(if $(filter yes,$(CHECK)),--check) $(if $(filter yes,$(ANYWAY)),--anyway)

test: ## Set up everything and run every check and every test
	@bash scripts/setup.sh test
	$(MAKE) --no-print-directory --jobs=$(WORKERS) --output-sync lint types contracts
	$(PY) -m pytest -n $(WORKERS) --dist loadgroup --reruns 1 --rerun-show-tracebacks -ra

lint: ## Style and common mistakes (ruff)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .

types: ## Types (mypy, strict)
	.venv/bin/mypy

contracts: ## Who may import whom (import-linter)
	.venv/bin/lint-imports

unit: ## The tests that need no browser
	$(PY) -m pytest -n $(WORKERS) -m "not browser"

postgresql: ## Points, watching, reports, marking and certificates on PostgreSQL instead of SQLite (tests/postgresql.py)
	$(PY) -m pytest -n $(WORKERS) -m "not browser" --on-postgresql tests/points tests/learning tests/organisation tests/practice tests/exams/test_marking.py tests/certificates

browser: ## The tests in headless Chromium
	$(PY) -m pytest -m browser

bench: ## Measure what the README quotes, side by side in one run
	@bash scripts/setup.sh run
	$(PY) -m bench

assets: ## Copy what browsers need from npm, build the icon sprite
	@bash scripts/setup.sh assets

messages: ## Collect the words of every room, derive Traditional Chinese, compile
	$(PY) scripts/messages.py extract
	$(PY) scripts/messages.py derive
	$(PY) scripts/messages.py compile
	$(PY) scripts/messages.py check

migration: ## Write a migration from the models: NAME="what changes"
	.venv/bin/flask --app wsgi db migrate -m "$(NAME)"

lock: ## Pin requirements.in to requirements.txt, with hashes
	@bash scripts/lock.sh

screenshots: ## Take the pictures of the README and the guides from the running demo
	$(PY) -m scripts.screenshots

clean: ## Remove what set-up made; databases, uploads and the demo stay
	rm -rf .venv node_modules build app/static/vendor .mypy_cache .ruff_cache .pytest_cache .hypothesis

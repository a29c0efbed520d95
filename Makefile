# Every target sets up what it needs first; see README.md.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: up test check lint docs regen validate bench lock clean

up: .venv/ready ## install, start everything, print a curl line that works
	@$(BIN)/gatewright up

test: .venv/ready ## every test
	@CI_BIN=$(BIN) tools/test

check: .venv/ready lint test ## what CI runs

lint: .venv/ready
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

regen: .venv/ready ## write golden files, openapi.json and the CLI reference anew
	$(BIN)/python -m tools.regen

validate: .venv/ready ## ask the real Envoy about every golden file
	$(BIN)/python -m tests.gateway.validate

bench: .venv/ready ## measure against peers; see bench/README.md
	$(BIN)/python -m bench all

lock: .venv/ready ## pin the newest versions that pyproject.toml allows
	tools/lock

.venv/ready: pyproject.toml requirements.lock tools/setup
	@PYTHON=$(PYTHON) tools/setup

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache

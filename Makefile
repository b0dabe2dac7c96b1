# Everything on a fresh machine needs only Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed
KERNELS := .venv/.compiled

.PHONY: run install test test-all check bench browser

run: install
	$(BIN)/winnow serve --sample

install: $(KERNELS)

$(KERNELS): $(STAMP) $(wildcard pipeline/dedup/*.py) $(wildcard pipeline/importers/quick/*.py)
	$(BIN)/python -m pipeline.dedup
	$(BIN)/python -m pipeline.importers.quick
	@touch $@

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Winnow needs Python 3.11 or newer; name one with: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[demo,translate,dev]'
	@touch $@

browser: install
	$(BIN)/python tests/browser.py

test: install browser
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: install browser
	$(BIN)/python -m pytest -n 2 --dist loadfile -m ""

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python tests/ranges.py

bench: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m benchmarks

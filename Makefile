# `make demo` and `make test` do all the set-up themselves: they need Python 3.11 or newer, make and g++.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.dsbench-installed
BENCH_STAMP := $(VENV)/.dsbench-bench-installed
DEMO := models/street
# carries axe-core; without its own needs, of which the tests use none
AXE := axe-playwright-python

.PHONY: demo test lint bench screenshot clean
.DELETE_ON_ERROR:

demo: $(STAMP)
	$(BIN)/pytest --model-dir $(DEMO) --runtime embedded --video $(DEMO)/street.mp4 \
	  --perf-seconds 20 --perf-interval 1

# three workers on two cores: many tests wait for seconds of a run to pass
test: $(STAMP) lint
	$(BIN)/python -m pytest tests -n 3 --dist loadfile --no-loadscope-reorder

lint: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# BENCH='--models street --streams 2' for less; docs/speed.md
bench: $(BENCH_STAMP)
	$(BIN)/python -m benchmarks.bench $(BENCH)

$(BENCH_STAMP): $(STAMP)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev,bench]' \
	  || echo "the peers cannot be installed: the bench goes on without them"
	@touch $@

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	  || { echo "dsbench needs Python 3.11 or newer: install python3 (Debian: apt-get install python3 python3-venv), or name one: make PYTHON=python3.12 ..."; exit 1; }
	@command -v g++ >/dev/null || { echo "g++ is missing: install it (Debian: apt-get install g++)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null \
	  || { echo "python3-venv is missing: install it (Debian: apt-get install python3-venv)"; exit 1; }
	@echo "setting up $(VENV) (once; a minute or two)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps $(AXE) \
	  || echo "$(AXE) cannot be installed: the tests of accessibility are skipped"
	@touch $@

# the picture in the README; needs Chromium
screenshot: demo
	$(BIN)/python docs/screenshot.py reports/street.html docs/report.png

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache

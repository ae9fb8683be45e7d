# `make demo` and `make test` do all the set-up a fresh machine needs.
# uv is used where it is installed; otherwise a Python >= 3.12's own venv and pip.

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PYTHON ?= $(shell for p in python3.13 python3.12 python3.14 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 12))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

.PHONY: setup demo test lint format verdicts docs picture bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml
	@if command -v uv >/dev/null 2>&1; then \
		uv venv --quiet --allow-existing $(VENV) && uv pip install --quiet --python $(BIN)/python -e '.[dev]'; \
	elif [ -n "$(PYTHON)" ]; then \
		"$(PYTHON)" -m venv $(VENV) && $(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'; \
	else \
		echo "inspector needs Python 3.12 or newer, or uv; neither was found on PATH." >&2; exit 2; \
	fi
	@$(BIN)/python -m compileall -q inspector
	@touch $(STAMP)

demo: setup
	@$(BIN)/inspector demo

# One process for each core; a file's tests stay together and in order, so that they share what is slow to start.
test: setup
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile --no-loadscope-reorder --max-worker-restart 0

lint: setup
	$(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy

format: setup
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

# Every family of verdicts against the real Chromium; the tests run a part of it.
verdicts: setup
	@$(BIN)/python -m tests.browser.cors_scenarios
	@$(BIN)/python -m tests.browser.cookie_scenarios
	@$(BIN)/python -m tests.browser.test_cache_verdicts
	@$(BIN)/python -m tests.browser.blocking_scenarios
	@$(BIN)/python -m tests.browser.csp_scenarios

docs: setup
	@$(BIN)/python docs/rules.py

picture: setup
	$(BIN)/python docs/picture.py

bench: setup
	$(BIN)/python -m benchmarks.run

clean:
	rm -rf $(VENV) build dist *.egg-info

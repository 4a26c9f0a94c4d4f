# Two commands on a machine that has only Python (3.11 or newer), git and make:
#   make demo    runs the main job and ends with a table and the path of report.html
#   make test    runs the tests
# Everything is installed into .venv from the lock files (names, versions, hashes).

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: demo test check lint types imports docs notebooks bench lock clean

demo: $(STAMP)
	$(BIN)/ysc demo

test: $(DEV_STAMP)
	$(BIN)/python -m pytest -q -n auto --dist worksteal

# What CI checks, quickest first.
check: $(DEV_STAMP) lint types imports test notebooks docs

lint: $(DEV_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV_STAMP)
	$(BIN)/mypy

imports: $(DEV_STAMP)
	$(BIN)/lint-imports

notebooks: $(DEV_STAMP)
	$(BIN)/python -m pytest -q -n auto --dist worksteal --nbmake notebooks

docs: $(DEV_STAMP)
	$(BIN)/mkdocs build --strict --quiet

# One table, small sizes; BENCH=--full for the published ones, BENCH="--keep VERSION" for benchmarks/history/.
bench: $(DEV_STAMP)
	$(BIN)/python benchmarks/table.py $(BENCH)

$(VENV)/pyvenv.cfg:
	$(PYTHON) -m venv $(VENV)

$(STAMP): $(VENV)/pyvenv.cfg requirements.lock pyproject.toml
	$(INSTALL) --require-hashes -r requirements.lock
	$(INSTALL) --no-deps -e .
	touch $@

$(DEV_STAMP): $(VENV)/pyvenv.cfg requirements-dev.lock pyproject.toml
	$(INSTALL) --require-hashes -r requirements-dev.lock
	$(INSTALL) --no-deps -e .
	touch $@ $(STAMP)

# Needs uv (python -m pip install uv). The files hold names, versions and hashes only.
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --quiet
lock:
	$(LOCK) --all-extras -o requirements-dev.lock
	$(LOCK) --extra opt --extra excel -c requirements-dev.lock -o requirements.lock

clean:
	rm -rf $(VENV) build dist site *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

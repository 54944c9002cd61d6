# make demo and make test set up everything they need; `make help` lists the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: help demo test check format install docs clean

help:
	@echo "make demo     draw a small shelf, index it, search it, write a page of results"
	@echo "make test     format, lint, types, layers, tests"
	@echo "make format   let ruff format the code and sort imports"
	@echo "make docs     remake what is generated: docs/cli.md, docs/pictures"
	@echo "make clean    remove the environment and what make demo wrote"

# The two stamps hold what is installed: pip runs again only when a pin or a dependency changed.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Longbox needs Python 3.11 or newer: make PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.runtime: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing Longbox into $(VENV) (a few minutes the first time) ..."
	@$(PIP) --editable .
	@touch $@

# All at once: what the tools need is no second round over the same packages.
$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "installing Longbox and the tools that make test needs into $(VENV) (a few minutes the first time) ..."
	@$(PIP) --editable '.[dev]'
	@touch $(VENV)/.runtime $@

install: $(VENV)/.runtime

demo: $(VENV)/.runtime
	@$(BIN)/longbox demo

# Tests start a hundred processes: without their bytecode each compiles all of Longbox first. Each
# test process begins with a stretch of the suite of its own (worksteal), so that what the tests of
# a file share is made by one of them.
test: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	PYTHONDONTWRITEBYTECODE= OMP_NUM_THREADS=1 $(BIN)/pytest -n auto --dist worksteal

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(VENV)/.runtime
	$(BIN)/python -m longbox.cli.reference docs/cli.md
	$(BIN)/python -m longbox.synthetic docs/pictures/longbox.jpg

clean:
	rm -rf $(VENV) demo

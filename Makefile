# The commands of this repository. `make` alone lists them.
# Everything runs in .venv, which is built on first use and again whenever a requirements list changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
START := notebooks/00_start_here.ipynb
SETTINGS := $(VENV)/share/jupyter/lab/settings
BINDER_PYTHON = $(shell sed 's/^python-//' binder/runtime.txt)

# Jupyter refuses to start for root, which is who one is in most containers.
AS_ROOT := $(if $(filter 0,$(shell id -u)),--allow-root)

.DEFAULT_GOAL := help
.PHONY: help lab test lint types bench lock clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

help: ## list the commands
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14
	@echo 'ARGS="..." passes options on: make lab ARGS="--no-browser --port 8899", make test ARGS="-k relay"'
	@echo 'PYTHON=... chooses the Python (3.11 or newer) that .venv is built with'

lab: $(VENV)/.lab ## open JupyterLab on the first notebook
# A default URL instead of a file argument: the address that is printed leads to the notebook as well.
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/$(START) $(AS_ROOT) $(ARGS)

test: lint types ## lint, types, then every test
	$(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.test ## ruff, notebooks included
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/.test ## mypy
	$(BIN)/mypy

bench: $(VENV)/.test ## the relay, the dissectors and explain beside their peers
	$(BIN)/python -m tests.bench $(ARGS)

lock: $(VENV)/.test ## write binder/requirements.txt anew, with today's versions
	$(BIN)/uv pip compile requirements.txt tests/requirements-sdks.txt --quiet --upgrade --python-version $(BINDER_PYTHON) \
		--python-platform linux --custom-compile-command "make lock" --output-file binder/requirements.txt

clean: ## remove the environment and every cache
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo >&2 \
		'"$(PYTHON)" is missing or older than Python 3.11. Name a newer one, for example: make PYTHON=python3.12 $(MAKECMDGOALS)'; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { echo >&2 \
		'"$(PYTHON)" has no venv module. Install it (Debian, Ubuntu: apt install python3-venv) and try again.'; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)

$(VENV)/.lab: $(BIN)/python requirements.txt tests/requirements-sdks.txt pyproject.toml binder/overrides.json
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --editable '.[sdks]'
	mkdir -p $(SETTINGS)
	cp binder/overrides.json $(SETTINGS)/overrides.json
	touch $@

$(VENV)/.test: $(VENV)/.lab tests/requirements.txt
	$(BIN)/python -m pip install --disable-pip-version-check --quiet --requirement tests/requirements.txt
	touch $@

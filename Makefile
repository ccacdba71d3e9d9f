# Each target does all the set-up it needs, on a fresh machine too.
#
#   make demo     the site of the example traces, in site/
#   make test     format, lint, types, JavaScript syntax, tests (in a browser too)
#   make golden   writes tests/golden anew; review the difference
#   make lowest   tests on the oldest Python and packages that are allowed
#   make audit    known holes in all that is installed; fails where it cannot know
#   make bench    the numbers of the README, with their targets
#   make fuzz     every reader and door, for MINUTES in all
#   make clean    removes what these made

NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for python in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done)
OLDEST ?= $(shell for python in python3.11 python3.12 python3.13 python3; do \
  $$python -c '$(NEW_ENOUGH)' 2>/dev/null && echo $$python && break; done)
MINUTES ?= 10
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input -qq

SCRIPTS := $(wildcard templates/assets/*.js)

.PHONY: demo test golden lowest audit bench fuzz clean
.DELETE_ON_ERROR:

# The same runs in other formats, which show how those are read, are left out.
demo: $(VENV)/installed
	$(BIN)/whypath site example_traces -o site --title "Example runs" \
	  --baseline vip-routing/before --forget \
	  --exclude '*.chat.json' --exclude '*.otlp.jsonl' --exclude '*.claude-code.jsonl'
	@echo
	@echo "Open it in a browser: file://$(CURDIR)/site/index.html"

test: $(VENV)/installed-test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
ifeq ($(shell command -v node),)
	@echo "WARNING: no node here: the syntax of templates/assets/*.js is NOT CHECKED."
else
	@for script in $(SCRIPTS); do echo "node --check $$script"; \
	  node --check $$script || exit 1; done
endif
	@$(BIN)/python tests/chromium.py
	$(BIN)/python -m pytest -n auto

golden: $(VENV)/installed-test
	$(BIN)/python -m pytest --update-golden
	@git status --short tests/golden

# Installed and not from the checkout, so that what a wheel lacks shows as well.
lowest:
	@rm -rf $(VENV)-lowest && $(OLDEST) -m venv $(VENV)-lowest
	@$(OLDEST) tests/lowest.py > $(VENV)-lowest/oldest.txt
	@echo "installing the oldest packages on $$($(OLDEST) --version)"
	@$(VENV)-lowest/bin/python -m pip --disable-pip-version-check --no-input -qq \
	  install --constraint $(VENV)-lowest/oldest.txt '.[test]'
	$(VENV)-lowest/bin/python -m pytest -m "not browser and not slow" $(TESTS)

# Strict: what no advisory could be asked for is a failure, and not a clean one.
audit: $(VENV)/installed-test
	@test -x $(VENV)-audit/bin/python || $(BIN)/python -m venv $(VENV)-audit
	@$(VENV)-audit/bin/python -m pip --disable-pip-version-check --no-input -qq \
	  install pip-audit
	@$(PIP) freeze --exclude-editable > $(VENV)-audit/installed.txt
	$(VENV)-audit/bin/pip-audit --strict --no-deps --disable-pip \
	  --progress-spinner off --requirement $(VENV)-audit/installed.txt

bench: $(VENV)/installed-test
	@$(BIN)/python tests/chromium.py
	$(BIN)/python tests/bench/bench.py
	$(BIN)/python tests/bench/site.py
	@$(BIN)/python tests/bench/checks.py

fuzz: $(VENV)/installed-test
	@$(PIP) install atheris || echo "no Atheris here: changes are made at random"
	$(BIN)/python tests/fuzz/fuzz.py --minutes $(MINUTES)

clean:
	rm -rf build dist $(VENV) $(VENV)-audit $(VENV)-lowest .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(VENV)/bin/python:
	@python='$(PYTHON)'; $${python:-false} -c '$(NEW_ENOUGH)' || { \
	  echo "Whypath needs Python 3.11 or newer: make PYTHON=/path/to/python3" >&2; \
	  exit 1; }; \
	$$python -m venv $(VENV) || { \
	  echo "$$python has no venv module (Debian: apt-get install python3-venv)" >&2; \
	  rm -rf $(VENV); exit 1; }

# The stamps say which extras are in; a change of pyproject.toml installs again.
$(VENV)/installed: pyproject.toml | $(VENV)/bin/python
	@echo "installing Whypath into $(VENV)"
	@$(PIP) install --editable .
	@touch $@

$(VENV)/installed-test: pyproject.toml | $(VENV)/bin/python
	@echo "installing Whypath and its test tools into $(VENV)"
	@$(PIP) install --editable '.[test]'
	@touch $@ $(VENV)/installed

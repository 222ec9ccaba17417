# make serve   starts the chat on port 9999 (or PORT=8888); everything it needs is set up by itself
# make upgrade takes the newest releases of what serving needs into requirements.lock
# make check   checks format, lint and types, and runs the core tests (within a minute)
# make test    runs every check and every test
# make coverage  runs every test and reports the lines and branches that none reaches
# make bench   measures
# make proof   runs the tests at full size
# make pictures  makes those of the README from the running programs (needs tmux, xvfb, xdotool)
# make clean   takes away what was made here, except the chat's data

# The list begins with a space, and the path may have more of them in it.
MAKEFILE_ROOT := $(shell file="$$(printf %s '$(MAKEFILE_LIST)' | sed 's/^ //')"; cd "$$(dirname "$$file")" && pwd -P)
HERE := $(shell pwd -P)

.PHONY: serve upgrade check test coverage bench proof pictures clean
.NOTPARALLEL:

# Another environment's settings must not reach into this one's.
unexport PYTHONHOME
unexport PYTHONPATH
unexport VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK := 1

ifneq ($(HERE),$(MAKEFILE_ROOT))

serve upgrade check test coverage bench proof pictures clean:
	@$(MAKE) --no-print-directory -C "$(MAKEFILE_ROOT)" $@

else

BIN := .venv/bin
# Each test runs once: those that start processes under pytest, all others under trial.
SYSTEM := tests/system
# The longest test comes first, so that the others run beside it.
MEMORY := tests.test_stateful $(filter-out tests.test_stateful,$(subst /,.,$(filter-out $(SYSTEM) tests/support, \
  $(patsubst %/__init__.py,%,$(wildcard tests/*/__init__.py)) $(patsubst %.py,%,$(wildcard tests/test_*.py)))))
CORE := tests.core tests.chat tests.connection tests.e2e tests.server tests.test_house
# What is in memory needs no disk that keeps anything, if there is room elsewhere.
IN_MEMORY := $(shell df -Pk /dev/shm 2>/dev/null | awk 'NR == 2 && $$4 > 1000000 { print "TMPDIR=/dev/shm" }')
TRIAL = $(IN_MEMORY) $(PYTHON) -m twisted.trial --temp-directory=.cache/trial
PYTEST = $(PYTHON) -m pytest
PYTHON = $(BIN)/python
RUN_TESTS = $(TRIAL) --jobs=3 $(MEMORY) && $(PYTEST) --numprocesses=3 $(SYSTEM)
PORT ?= 9999
READY := .venv/.ready
TOOLS := .venv/.tools
LOCK := requirements.lock

serve: $(READY)
	@exec $(BIN)/python -m twisted_chat --port $(PORT)

# Each release is named with its hashes, for every Python and every kind of machine.
upgrade: $(READY)
	@$(BIN)/python -m venv .cache/upgrade
	@.cache/upgrade/bin/python -m pip install --quiet --upgrade uv
	@.cache/upgrade/bin/uv pip compile --quiet --upgrade --universal --python-version 3.11 \
	  --generate-hashes --no-annotate --custom-compile-command 'make upgrade' \
	  --group build --output-file $(LOCK) pyproject.toml
	@$(MAKE) --no-print-directory $(READY)

# Types and tests take a core each.
check: $(TOOLS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(BIN)/mypy & types=$$!; $(TRIAL) --jobs=2 $(CORE); tests=$$?; wait $$types && exit $$tests

test: $(TOOLS)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(RUN_TESTS)

coverage: PYTHON = $(BIN)/coverage run
coverage: $(TOOLS)
	@mkdir -p .cache/coverage
	@$(BIN)/coverage erase
	$(RUN_TESTS)
	@$(BIN)/coverage combine --quiet
	@$(BIN)/coverage report

bench: $(TOOLS)
	@$(BIN)/python bench/run.py

proof: export PROOF := 1
proof: $(TOOLS)
	$(RUN_TESTS)

pictures: $(TOOLS)
	@$(BIN)/python -m tools.pictures

clean:
	rm -rf .venv .cache dist .hypothesis _trial_temp* twisted/plugins/dropin.cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Nothing but what is in the lock gets here, be it for serving or to install this folder.
$(READY): pyproject.toml $(LOCK)
	@mkdir -p .cache
	@if ! $(BIN)/python -c 'import pip' 2>/dev/null; then \
	  for python in python3 python3.13 python3.12 python3.11 python3.14; do \
	    if $$python -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	      found=$$python; break; fi; done; \
	  if [ -z "$$found" ]; then \
	    echo 'The chat needs Python 3.11 or newer, and there is none on this machine.' >&2; exit 1; fi; \
	  $$found -m venv --clear .venv || { \
	    echo 'Python could not make a virtual environment; on Debian and Ubuntu the package python3-venv is needed.' >&2; exit 1; }; fi
	@echo 'Setting up (once) …'
	@$(BIN)/python -m pip install --quiet --require-hashes --requirement $(LOCK)
	@$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

$(TOOLS): $(READY)
	@echo 'Setting up what the tests need (once) …'
	@$(BIN)/python -m pip install --quiet --no-build-isolation --editable '.[dev]'
	@touch $@

endif

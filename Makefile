# make serve   starts the chat on port 9999 (or PORT=8888); everything it needs is set up by itself
# make upgrade takes the newest releases of what serving needs into requirements.lock
# make test    runs every test and every check
# make bench   measures
# make proof   runs the tests at full size
# make pictures  makes those of the README from the running programs (needs tmux, xvfb, xdotool)
# make clean   takes away what was made here, except the chat's data

# The list begins with a space, and the path may have more of them in it.
MAKEFILE_ROOT := $(shell file="$$(printf %s '$(MAKEFILE_LIST)' | sed 's/^ //')"; cd "$$(dirname "$$file")" && pwd -P)
HERE := $(shell pwd -P)

.PHONY: serve upgrade test bench proof pictures clean
.NOTPARALLEL:

# Another environment's settings must not reach into this one's.
unexport PYTHONHOME
unexport PYTHONPATH
unexport VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK := 1

ifneq ($(HERE),$(MAKEFILE_ROOT))

serve upgrade test bench proof pictures clean:
	@$(MAKE) --no-print-directory -C "$(MAKEFILE_ROOT)" $@

else

BIN := .venv/bin
# Each test runs once: those that start terminals, windows and whole clients under pytest,
# which leaves nothing of one to the next, and all others under trial.
WHOLE := tests/system
MEMORY := $(filter-out $(WHOLE),$(patsubst %/__init__.py,%,$(wildcard tests/*/__init__.py)) \
  $(patsubst %.py,%,$(wildcard tests/test_*.py)))
RUN_TESTS = $(BIN)/trial --jobs=3 --temp-directory=.cache/trial $(subst /,.,$(MEMORY)) && \
  $(BIN)/pytest --numprocesses=3 $(WHOLE)
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

test: $(TOOLS)
	$(RUN_TESTS)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

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

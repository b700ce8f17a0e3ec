# reckon: `make demo` and `make test` do all their set-up themselves, in .venv.
PYTHON ?= python3
PHOTOS ?= examples/photos
SOAK_SECONDS ?= 600
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
TEST_STAMP := $(VENV)/.stamp-test

.PHONY: help demo test check format docs bench soak clean

help: ## What there is to make
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/'

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("reckon needs Python 3.11 or newer; set PYTHON=python3.12, say." if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e .
	@touch $@

$(TEST_STAMP): $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group test --group check --group soak
	@touch $@

demo: $(STAMP) ## Price and run "describe this photo" over a folder: PHOTOS=~/Pictures for your own
	@$(BIN)/python examples/demo.py "$(PHOTOS)"

test: $(TEST_STAMP) check ## The whole suite
	$(BIN)/python -m pytest

check: $(TEST_STAMP) ## Lint, types, order of imports
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/basedpyright

format: $(TEST_STAMP) ## Format and fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(TEST_STAMP) ## Write the generated parts of docs/
	$(BIN)/python docs/generate.py

bench: $(TEST_STAMP) ## Ratios to peers and to physical limits
	$(BIN)/python -m bench.all

soak: $(TEST_STAMP) ## Fuzz every decoder for ten minutes: SOAK_SECONDS=3600 for longer
	$(BIN)/python -m soak.decoders --seconds $(SOAK_SECONDS)

clean: ## Remove what was made
	rm -rf $(VENV) .pytest_cache .ruff_cache .hypothesis .soak build dist

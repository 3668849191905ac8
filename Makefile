# `make quickstart` for users, `make setup` for developers; the same at the desk and in CI.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install --constraint requirements/lock.txt
SAY := @printf '%s\n'
# One marker a step, so that each is done once, and again where what it depends on changed
VENV := $(BIN)/pip
CORE := .venv/.core
PACKAGE := .venv/.installed
DEVELOPER := .venv/.developer
PYTEST := $(BIN)/python -m pytest --numprocesses 2
BITS := tests/test_examples.py tests/test_documentation.py tests/kernels tests/estimators
# without the notice that Material for MkDocs prints of its successor
DOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet && $(BIN)/python scripts/check_site.py build/site

.PHONY: quickstart setup test test-narrower stability fuzz check recipes bench docs lock clean
.NOTPARALLEL:

# What a user needs, and a first model
quickstart: $(PACKAGE)
	@$(BIN)/gatecell quickstart

# What developers need: what is optional for users, the tools, the documentation site
setup: $(DEVELOPER)

$(VENV):
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Gatecell needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11")'
	$(SAY) "Making .venv, which holds all that is installed ..."
	@$(PYTHON) -m venv .venv

$(CORE): pyproject.toml CMakeLists.txt $(wildcard src/gatecell/kernels/csrc/*) | $(VENV)
	$(SAY) "Building the C++ core (about a minute) ..."
	@$(PIP) --no-deps --editable .
	@touch $@

# The package is there, so that this brings what it depends on
$(PACKAGE): pyproject.toml requirements/lock.txt | $(CORE)
	$(SAY) "Installing PyTorch and what else the package needs (1 to 4 minutes; 0.4 GB to download, 1.3 GB on disk;" \
	  "several times that where pip takes a PyTorch for GPUs) ..."
	@$(PIP) gatecell
	@touch $@

# What developers have holds what users need
$(DEVELOPER): pyproject.toml requirements/lock.txt | $(CORE)
	$(SAY) "Installing the package's needs and the developers' tools (2 to 6 minutes on a bare machine) ..."
	@$(PIP) "gatecell[dev]"
	@touch $(PACKAGE) $@

test: setup
	$(PYTEST)

# What depends on a processor's bits, once more as on one without the widest instruction set of this one
test-narrower: setup
	@narrower=$$($(BIN)/python scripts/instruction_sets.py --narrower) || exit 1; \
	if [ -z "$$narrower" ]; then echo "There is no narrower instruction set to test than the one that ran."; exit 0; fi; \
	echo "Once more with GATECELL_ISA=$$narrower ..."; \
	GATECELL_ISA=$$narrower $(PYTEST) --ignore tests/kernels/test_sanitizers.py $(BITS)

# Each example with five seeds, on every instruction set and engine that runs here
stability: setup
	@for set in $$($(BIN)/python scripts/instruction_sets.py); do \
	  echo "GATECELL_ISA=$$set"; GATECELL_ISA=$$set $(PYTEST) --quiet --seeds 5 tests/test_examples.py || exit 1; done
	@for engine in aten reference; do \
	  echo "engine $$engine"; $(PYTEST) --quiet --seeds 5 --engine $$engine tests/test_examples.py || exit 1; done

# Ten times as many altered files of every kind as `make test` reads
fuzz: setup
	GATECELL_FUZZ_FILES=20000 $(BIN)/python -m pytest -m fuzz --numprocesses 2 --timeout 3600

check: setup
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/check_links.py
	$(DOCS)

# The full recipes, three seeds each, and the table of what they reach; RECIPES="imdb news" for some of them
recipes: setup
	$(BIN)/python scripts/run_recipes.py $(RECIPES)

bench: setup
	$(BIN)/python -m benchmarks cpu

# The documentation site, into build/site
docs: setup
	$(DOCS)

# Writes the pins anew from what is installed in .venv
lock: setup
	$(BIN)/python -m pip freeze --exclude-editable --exclude gatecell | sed 's/+cpu$$//' > requirements/lock.txt

clean:
	rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find src tests -name __pycache__ -prune -exec rm -rf {} +

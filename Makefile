# One command to set up, one to check; the same at the desk and in CI.
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
# without the notice that Material for MkDocs prints of its successor
DOCS := NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet && $(BIN)/python scripts/check_site.py build/site

.PHONY: setup quickstart test fuzz check recipes bench docs lock clean

setup: $(INSTALLED)

$(INSTALLED): pyproject.toml requirements/lock.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("Gatecell needs Python 3.11 or later; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.11")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint requirements/lock.txt --editable ".[dev]"
	@touch $@

quickstart: setup
	@$(BIN)/gatecell quickstart

test: setup
	$(BIN)/python -m pytest --numprocesses 2

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

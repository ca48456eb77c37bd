# The two commands of the README, and what they need. Everything lives in .venv and out/.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STUDENTS ?= 60
SEED ?= 1

.PHONY: grade test bench setup lint proof texts clean

# A sample class of TP4, graded in the sandbox.
grade: $(READY)
	@test -f out/class-$(STUDENTS)-$(SEED)/truth.csv || $(BIN)/grader simulate tp4_transformer --students $(STUDENTS) --seed $(SEED) --out out/class-$(STUDENTS)-$(SEED)
	@$(BIN)/grader grade out/class-$(STUDENTS)-$(SEED) --lab tp4_transformer --out out/graded || test $$? -eq 1

# Style, types, every test, then the proof of every lab.
test: lint
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile
	$(MAKE) --no-print-directory proof

lint: $(READY)
	$(BIN)/ruff format --check grader tests
	$(BIN)/ruff check grader tests solutions data
	$(BIN)/mypy grader

proof: $(READY)
	$(BIN)/grader build --check
	$(BIN)/grader validate

# The kit's own texts: English in the code, French in the catalogue. New ones are added to it untranslated.
TEXTS := grader/check/locale/fr/LC_MESSAGES/grader
texts: $(READY)
	$(BIN)/pybabel -q extract --no-default-keywords -k gettext -k ngettext:1,2 -o $(TEXTS).pot --omit-header --no-location grader
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --omit-header -w 100 -l fr -i $(TEXTS).pot -o $(TEXTS).po
	$(BIN)/pybabel -q compile -l fr -i $(TEXTS).po -o $(TEXTS).mo
	@rm $(TEXTS).pot

# This kit, nbgrader and otter-grader on one class, each in its own environment.
bench: $(READY) .bench/nbgrader/.ready .bench/otter/.ready
	$(BIN)/python benchmarks/bench.py

.bench/%/.ready:
	test -x .bench/$*/bin/python || $(PYTHON) -m venv .bench/$*
	env -u PYTHONDONTWRITEBYTECODE .bench/$*/bin/pip install --quiet --disable-pip-version-check -r benchmarks/$*.txt
	@touch $@

setup: $(READY)

# pip compiles bytecode as it installs; without it TensorFlow takes twice as long to import.
$(READY): requirements.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m compileall -q grader
	@touch $(READY)

clean:
	rm -rf out .mypy_cache .ruff_cache .pytest_cache

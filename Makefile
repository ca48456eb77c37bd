# The two commands of the README, and what they need. Everything lives in .venv and out/.
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
STUDENTS ?= 60
SEED ?= 1

# The first Python found that TensorFlow's pinned release has; `make PYTHON=/path/to/python grade` names one.
# uv is used where it is installed; else the Python must have pip and venv.
UV := $(shell command -v uv)
USABLE := import $(if $(UV),,ensurepip, )sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c '$(USABLE)' 2>/dev/null && echo $$p && break; done)

.PHONY: fuzz grade test bench setup lint proof places pins texts clean

# A sample class of TP4, graded in the sandbox.
grade: $(READY)
	@test -f out/class-$(STUDENTS)-$(SEED)/truth.csv || $(BIN)/grader simulate tp4_transformer --students $(STUDENTS) --seed $(SEED) --out out/class-$(STUDENTS)-$(SEED)
	@$(BIN)/grader grade out/class-$(STUDENTS)-$(SEED) --lab tp4_transformer --out out/graded || test $$? -eq 1

# Each part says at its end how long it took.
TIMED = @begun=$$(date +%s); trap 'echo "== $@ $(1): $$(($$(date +%s) - begun)) s"' EXIT;

# One more than there are cores, up to four: some tests wait.
WORKERS := $(shell $(BIN)/python -c "import os; print(min(4, os.cpu_count() + 1))" 2>/dev/null || echo 3)

# Style, types, imports, every test, the proof of every lab with recorded trainings: of the mutants, the
# mistakes without a name and the variants one in EVERY (all of them in `make proof`).
EVERY ?= 5
test: lint
	$(call TIMED,pytest) $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile
	$(call TIMED,build) $(BIN)/grader build --check
	$(call TIMED,validate) $(BIN)/grader validate --no-train --every $(EVERY)

lint: $(READY)
	$(call TIMED,) $(BIN)/ruff format --check grader tests docs && $(BIN)/ruff check grader tests solutions data docs && \
	{ imports=$$($(BIN)/lint-imports --no-cache) || { echo "$$imports"; exit 1; }; } && $(BIN)/mypy grader

# For authors and releases: every solution is trained anew.
proof: $(READY)
	$(call TIMED,) $(BIN)/grader build --check && $(BIN)/grader validate --seeds 5 && \
	GRADER_TESTS=all $(BIN)/python -m pytest -n 2 --dist loadfile tests/hostile tests/student/test_check_cost.py

# The students' bundle in every environment that is promised, networks trained there: an hour.
places: $(READY)
	$(BIN)/python tests/places/places.py

# The kit's own texts: English in the code, French in the catalogue. New ones are added to it untranslated.
# What is told is also what these are called with.
TELLERS := Refusal BadSheet Failed IntakeError LabError NoLab NotGradable ReportError SettingsError StoreError \
	Unreadable refuse say
TEXTS := grader/check/locale/fr/LC_MESSAGES/grader
# Babel's own rule for French has two forms or three, as its release has it.
PLURALS := printf 'msgid ""\nmsgstr "Plural-Forms: nplurals=2; plural=(n > 1);\\n"\n\n' | cat -
texts: $(READY)
	$(BIN)/pybabel -q extract --no-default-keywords -F pyproject.toml -k gettext $(TELLERS:%=-k %) -k ngettext:1,2 -k _ -k _n:1,2 -o $(TEXTS).pot --omit-header --no-location grader
	$(PLURALS) $(TEXTS).po > $(TEXTS).both
	$(BIN)/pybabel -q update --no-fuzzy-matching --ignore-obsolete --omit-header -w 100 -l fr -i $(TEXTS).pot -o $(TEXTS).both
	mv $(TEXTS).both $(TEXTS).po
	$(PLURALS) $(TEXTS).po > $(TEXTS).both
	$(BIN)/pybabel -q compile -f -l fr -i $(TEXTS).both -o $(TEXTS).mo
	@rm $(TEXTS).pot $(TEXTS).both

# This kit, nbgrader and otter-grader on one class, each in its own environment.
bench: $(READY) .bench/nbgrader/.ready .bench/otter/.ready
	$(BIN)/python benchmarks/bench.py

.bench/%/.ready:
	$(call ENVIRONMENT,.bench/$*,-r benchmarks/$*.txt)
	@touch $@

# The newest releases that work together, for constraints.txt: one file for every Python, by markers.
# (uv minds no upper bound on Python; pip does: backports.strenum 1.3 is for Python before 3.11.)
pins:
	{ grep -v '^-c' requirements.txt; echo 'backports.strenum<1.3'; } | uv pip compile --quiet --upgrade --universal --python-version 3.11 --no-annotate --no-header --output-file constraints.txt -

setup: $(READY)

# A virtual environment in $(1) that holds $(2). Bytecode is compiled: without it TensorFlow takes twice as
# long to import. (uv makes no pip unless it is told to; some tests install with it.)
define ENVIRONMENT
@test -n "$(PYTHON)" || { echo "No Python from 3.11 to 3.13$(if $(UV),, with pip and venv) was found. Install one (Debian, Ubuntu: apt install python3-venv), or name it: make PYTHON=/path/to/python3 grade" >&2; exit 2; }
test -x $(1)/bin/python || $(if $(UV),uv venv --quiet --seed --no-python-downloads --python "$$(command -v $(PYTHON))",$(PYTHON) -m venv) $(1)
env -u PYTHONDONTWRITEBYTECODE $(if $(UV),uv pip install --quiet --compile-bytecode --python $(1)/bin/python,$(1)/bin/pip install --quiet --disable-pip-version-check) $(2)
endef

$(READY): requirements.txt constraints.txt pyproject.toml
	$(call ENVIRONMENT,$(VENV),-r requirements.txt --editable .)
	@touch $@

clean:
	rm -rf out .mypy_cache .ruff_cache .pytest_cache

# What reads students' files, under atheris: make fuzz SECONDS=3600.
SECONDS ?= 60
fuzz: $(READY)
	for reader in notebook archive any_file manifest header export metadata worksheet words; do \
		$(BIN)/python tests/intake/fuzz.py $$reader -max_total_time=$(SECONDS) -rss_limit_mb=1500 || exit 1; \
	done

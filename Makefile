# Every target makes its own environment first; the second time that costs nothing.

PYTHON ?= python3
VENV ?= .venv
PYTEST_ARGS ?=
LOCK_ARGS ?=
SEEDS ?= 20
SIMULATE_ARGS ?=
KILLS ?= 200
SECONDS ?= 20
BENCH_ARGS ?=

BIN := $(VENV)/bin
READY := $(VENV)/.ready
# QCoDeS and what it needs: three times as large as all else, so it has an environment of its own.
INSTRUMENTS := $(VENV)-instruments
# A server of the S3 protocol, which the tests only talk to.
S3 := $(VENV)-s3

export PIP_DISABLE_PIP_VERSION_CHECK = 1
export PIP_ROOT_USER_ACTION = ignore

.DEFAULT_GOAL := help
.PHONY: help venv demo examples test campaigns system instruments simulate check format docs bench soak fuzz diagram lock dist clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# The lock holds the build backend too, so the editable install fetches nothing.
$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

venv: $(READY) ## make the environment and stop there

demo: $(READY) ## run a station with a simulated instrument, submit jobs, watch them
	$(BIN)/python examples/demo.py

# One or two pages each, with what a physicist would do with stationd.
EXAMPLES := t1 ramsey rabi_chevron resonator ghz benchmarking

examples: $(READY) ## measure and fit, and compare with what was put in (INTO=docs/examples redraws the pages)
	@set -e; for name in $(EXAMPLES); do $(BIN)/python examples/$$name.py $(INTO); done

test: $(READY) ## run the tests (PYTEST_ARGS='-k queue' for some of them)
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder --ignore=tests/system $(PYTEST_ARGS)

campaigns: $(READY) ## run what takes too long for every day: wrong variants of the station, the demo, all loops
	$(BIN)/pytest -n 4 --dist loadfile --no-loadscope-reorder --ignore=tests/system --campaigns $(PYTEST_ARGS)

$(S3)/.ready: requirements-s3.lock
	$(PYTHON) -m venv $(S3)
	$(S3)/bin/python -m pip install --quiet --require-hashes -r requirements-s3.lock
	@touch $@

system: $(READY) $(S3)/.ready ## run the tests that want root, a systemd to boot, a Prometheus; the others skip
	S3_PYTHON=$(S3)/bin/python $(BIN)/pytest tests/system -rs $(PYTEST_ARGS)

$(INSTRUMENTS)/.ready: requirements-instruments.lock pyproject.toml
	$(PYTHON) -m venv $(INSTRUMENTS)
	$(INSTRUMENTS)/bin/python -m pip install --quiet --require-hashes -r requirements-instruments.lock
	$(INSTRUMENTS)/bin/python -m pip install --quiet --no-deps --no-build-isolation -e .
	@touch $@

instruments: $(INSTRUMENTS)/.ready ## run the tests that want QCoDeS, with real drivers and protocols
	$(INSTRUMENTS)/bin/pytest -rs tests/actors/drivers/test_qcodes_*.py \
		tests/actors/drivers/test_qibolab_*.py tests/actors/drivers/test_qblox_*.py \
		tests/actors/drivers/test_laboneq_*.py tests/actors/drivers/test_vendor_*.py \
		tests/system/test_qcodes.py tests/system/test_qibolab.py \
		$(PYTEST_ARGS)

simulate: $(READY) ## run whole stations in virtual time (SEEDS=FIRST-LAST, or SEEDS=N for N fresh ones)
	$(BIN)/python -m tests.simulation $(SEEDS) $(SIMULATE_ARGS)

check: $(READY) ## everything that must hold before a commit: format, lint, types, imports, tests
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo
	$(MAKE) test

format: $(READY) ## format the code and mend what the linter can mend
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

docs: $(READY) ## make the pages of docs/ and the reference from the docstrings, in build/docs
	$(BIN)/sphinx-build --fail-on-warning --keep-going --quiet docs build/docs

bench: $(READY) ## measure every budget (JSON=/a/file keeps the figures, BENCH_ARGS=--quick tries it)
	$(BIN)/python -m benchmarks $(if $(JSON),--json $(JSON)) $(BENCH_ARGS)

soak: $(READY) ## kill processes of a station under load, then audit it (KILLS=20, SEED=7, JSON=/a/file)
	$(BIN)/python -m tests.soak --kills $(KILLS) $(if $(SEED),--seed $(SEED)) $(if $(JSON),--json $(JSON))

fuzz: $(READY) ## send a station what no client would send (SECONDS=120, SEED=7 for the same again)
	$(BIN)/python -m tests.attacks --seconds $(SECONDS) $(if $(SEED),--seed $(SEED))

diagram: $(READY) ## make docs/ladder.md, its pictures and README's ladder from the ladder's tables
	$(BIN)/python docs/draw_ladder.py

LOCK = --universal --python-version 3.11 --generate-hashes \
	--no-config --no-emit-index-url --no-emit-find-links \
	--custom-compile-command 'make lock' --quiet $(LOCK_ARGS)

lock: ## pin every dependency anew (LOCK_ARGS=--upgrade for the newest of all)
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --upgrade uv
	.venv-lock/bin/uv pip compile pyproject.toml --output-file requirements.lock \
		--extra qiskit --extra plot --extra data --extra otel --extra store --group dev $(LOCK)
	.venv-lock/bin/uv pip compile pyproject.toml --output-file requirements-instruments.lock \
		--extra qcodes --extra qblox --extra qibolab --extra laboneq \
		--group instruments --constraint requirements.lock $(LOCK)
	.venv-lock/bin/uv pip compile --group s3 --output-file requirements-s3.lock $(LOCK)

dist: $(READY) ## build the sdist, and the wheel from the sdist, into dist/
	rm -rf dist
	$(BIN)/python -m build --no-isolation

clean: ## remove everything that was built, the environments too
	rm -rf build dist htmlcov .coverage .coverage.* .venv .venv-* $(VENV)
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache src/*.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

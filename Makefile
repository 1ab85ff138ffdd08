PYTHON ?= python3
VENV := .venv
# What is compiled is kept: the tests start many processes.
unexport PYTHONDONTWRITEBYTECODE
# One more than there are cores: some tests wait for processes and browsers.
WORKERS := $(shell expr $$(getconf _NPROCESSORS_ONLN) + 1)
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test whole coverage lint soak fuzz bench lock clean

help: ## show the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

$(READY): requirements/dev.txt
	@$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit(f"Python 3.11 or newer is needed; this is {sys.version.split()[0]}. make PYTHON=... names another one.")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/dev.txt
	@touch $@

setup: $(READY) ## install everything and migrate the database; starts nothing
	$(BIN)/flask bridge db upgrade

run: $(READY) ## the bridge on :8000 beside its sandbox on :8001, orders flowing
	@$(BIN)/flask bridge demo $(ARGS)

test: $(READY) ## all tests but `whole`; what is missing on this machine is skipped and named at the end (CI=true: fails)
	CI=$(CI) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal $(ARGS)

whole: $(READY) ## a real seller's two months, order by order, and once more; minutes, and needs the shared facts
	CI=$(CI) $(BIN)/python -m pytest -m whole -v $(ARGS)

coverage: $(READY) ## the same tests once more, with the lines that none of them runs; half as long again
	CI=$(CI) $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal --cov --cov-report=term $(ARGS)

lint: $(READY) ## ruff and mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

soak: $(READY) ## thirty virtual days of everything that goes wrong, for 200 seeds; 2,000 orders at once, for 50
	$(BIN)/python -m tests.soak $(SEEDS)
	$(BIN)/python -m tests.soak.once $(SEEDS)

fuzz: $(READY) ## Schemathesis against a served bridge; ARGS="SECONDS SEED"
	$(BIN)/python -m tests.fuzz $(ARGS)

bench: $(READY) ## the benchmarks
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --requirement requirements/bench.in
	@for file in $(wildcard benchmarks/*.py); do echo "== $$file"; $(BIN)/python $$file || exit 1; done

lock: $(READY) ## compile the pinned requirement files
	$(BIN)/python -m pip install --quiet pip-tools
	cd requirements && for name in base dev; do ../$(BIN)/pip-compile --quiet --no-header --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --strip-extras $$name.in -o $$name.txt; done

clean: ## remove what was installed and what demo, replay and tests left; the database in var/ stays
	rm -rf $(VENV) var/demo var/replay var/node .coverage* .pytest_cache .mypy_cache .ruff_cache .hypothesis

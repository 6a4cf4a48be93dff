# SPDX-FileCopyrightText: fediops contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# make demo · make test · make prove · make lint · make docs · make clean

PYTHON := .venv/bin/python
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/.ansible/collections
export PATH := $(CURDIR)/.venv/bin:$(PATH)

.PHONY: help demo test prove lint docs clean requirements
.DEFAULT_GOAL := help

help: ## this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 22

demo: .venv/ready ## a working https instance in containers on this machine, and its URL
	@$(PYTHON) -m tests.suite demo

test: .venv/ready ## lint, unit tests and every scenario; SCENARIO=postgres runs one scenario
	@$(PYTHON) -m tests.suite test $(SCENARIO)

prove: .venv/ready ## the long suites: Debian 12, another S3 store, more kill points, contract of the images
	@$(PYTHON) -m tests.suite prove

lint: .venv/ready ## every linter, and ansible-test sanity
	@$(PYTHON) -m tests.suite lint

docs: .venv/ready ## the reference of modules and roles, in build/docs
	@$(PYTHON) -m tests.suite docs

clean: ## remove the demo, the test hosts, their engine and every file made here
	@if [ -e .venv/ready ]; then $(PYTHON) -m tests.hosts clean; fi
	@rm -rf .venv .ansible build collections tests/output .hypothesis .mypy_cache .ruff_cache

requirements: .venv/ready ## pin requirements/*.in anew, with hashes
	@for name in uv dev; do \
	  uv pip compile --quiet --universal --upgrade --python-version 3.11 --generate-hashes --no-header \
	    --no-emit-index-url --no-emit-find-links requirements/$$name.in -o requirements/$$name.txt; done

.venv/ready: requirements/uv.txt requirements/dev.txt tests/setup
	@tests/setup

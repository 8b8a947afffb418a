# `make help` lists the targets. Everything runs from a fresh clone: what is missing is installed first.
SHELL := /bin/bash
PYTHON := .venv/bin/python
SOURCES := shared infra functions tests

.DEFAULT_GOAL := help
.PHONY: help install up test check format bundle import create-client new-mode openapi bench soak lock audit clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

install: ## Install Python and npm packages from their lock files (done by the other targets when due)
	@python3 infra/local/install.py

up: install ## Run the whole product on this machine until Ctrl-C (ISOLATED=1: a process per bundle; STREAMS=finite: no streaming)
	@$(if $(STREAMS),MOBIUS_STREAMS=$(STREAMS)) exec $(PYTHON) -m infra.local up $(if $(ISOLATED),--isolated)

test: install ## Prove it: checks, every test suite on the real parts, security rules
	@exec $(PYTHON) -m tests.run

check: install ## Formatter, linter, types and import rules: what continuous integration checks first
	@exec $(PYTHON) -m tests.run check

format: install ## Format the code and fix what the linter can fix
	$(PYTHON) -m ruff check --fix $(SOURCES)
	$(PYTHON) -m ruff format $(SOURCES)

bundle: install ## Build one deployable zip per function (NAMES='tasks records' for some)
	@exec $(PYTHON) -m infra.bundle $(NAMES)

import: install ## Import FHIR bundles or a CSV folder into the running stack: FILES='…' [CLIENT=…] [TODAY=a day of it]
	@exec $(PYTHON) -m infra.local.importer $(FILES) $(if $(CLIENT),--client "$(CLIENT)") $(if $(TODAY),--today "$(TODAY)")

create-client: install ## Make an organisation with its first admin: NAME='…' ADMIN=e-mail [TIME_ZONE=…] [ADMIN_NAME='…']
	@exec $(PYTHON) -m infra.local.create_client --name "$(NAME)" --admin "$(ADMIN)" $(if $(ADMIN_NAME),--admin-name "$(ADMIN_NAME)") $(if $(TIME_ZONE),--time-zone "$(TIME_ZONE)")

new-mode: install ## Write the handler and the function of a new mode: NAME=…
	@exec $(PYTHON) -m infra.new_mode $(NAME)

openapi: install ## Write the API descriptions from the catalog and the routes
	@exec $(PYTHON) -m infra.gateway

bench: install ## Measure functions beside a bare floor, as ratios against the budgets
	@$(PYTHON) -m tests.benchmarks
	@$(PYTHON) -m tests.benchmarks.live_streams
	@$(PYTHON) -m tests.benchmarks.lists
	@exec $(PYTHON) -m tests.benchmarks.chat_stream

soak: install ## The suites at full volume (takes long)
	@exec $(PYTHON) -m tests.run --soak

lock: install ## Resolve all packages again and write the lock files (hashes, no registry address)
	@exec $(PYTHON) -m infra.local.lock

audit: install ## Look for known vulnerabilities in the locked packages (needs the network)
	.venv/bin/uv tool run pip-audit --require-hashes --disable-pip -r requirements.lock
	npm audit

clean: ## Remove what was built and the local data (not the installed packages)
	rm -rf build .local .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis

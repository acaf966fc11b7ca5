# KommunalCampus. `make` alone prints the commands.
# Works with GNU make 3.81 (macOS) and needs nothing but Python 3.11 or newer.

.DEFAULT_GOAL := help
.SUFFIXES:
SHELL := /bin/sh

# The newest Python that fits and can make environments; else any, which the preflight explains
FITS := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3 python; do \
	if $$name -c '$(FITS)' 2>/dev/null; then echo $$name; exit; fi; done; echo python3)
ANY := $(PYTHON) -c '' 2>/dev/null || \
	{ echo "Problem: Python 3.11 or newer is needed; '$(PYTHON)' does not run." >&2; exit 1; }
PY := .venv/bin/python
# Every member has its package under its own name; tests of members share one name, so each alone
PACKAGES := $(foreach member,$(wildcard libs/* services/*),$(wildcard $(member)/$(notdir $(member))))
RUN := @$(PY) -m deploy.local
ifdef dashboards
export KC_DASHBOARDS := $(dashboards)
endif

.PHONY: help setup there preflight up down status logs clean test check demo token replay \
	lint format specs lock bench profile bench-note

help: ## print these commands
	@echo "make COMMAND; settings as KC_NAME=value, for example: make up KC_PORT_OFFSET=1000"
	@sed -n 's/^\([a-z-]*\):[^#]*## \(.*\)/  \1|\2/p' Makefile | \
		while IFS='|' read -r name text; do printf '  %-9s %s\n' "$$name" "$$text"; done

setup: ## make the Python environment (.venv) from requirements.lock
	@$(ANY)
	@$(PYTHON) -m deploy.setup

# What only looks or stops must work without a network, and with an environment that is not new
there:
	@test -x $(PY) || { $(ANY); $(PYTHON) -m deploy.setup; }

preflight:
	@$(ANY)
	@$(PYTHON) -m deploy.local.preflight up

up: preflight setup ## start everything; returns when all is ready (dashboards=1)
	$(RUN) up

down: there ## stop everything; the state stays
	$(RUN) down

.PHONY: restart
restart: there ## stop one part and start it again (service=NAME)
	$(RUN) restart $(service)

status: there ## show what runs, and where
	$(RUN) status

logs: there ## show the logs (service=NAME for one)
	$(RUN) logs $(service)

clean: there ## stop everything and forget the state
	$(RUN) clean

demo: preflight setup ## start everything and run the main job, showing each step
	$(RUN) demo

token: setup ## print an access token (user=NAME)
	$(RUN) token $(user)

replay: setup ## put set-aside messages back (topic=NAME service= key= reason= dry=1 rate=600)
	$(RUN) replay "$(topic)" --service "$(service)" --key "$(key)" --reason "$(reason)" \
		$(if $(dry),--dry-run) --per-minute $(or $(rate),600)

.PHONY: dead-letters
dead-letters: setup ## show what was set aside (topic= why= key= state= id=; id= discard=1 reason=)
	$(RUN) dead-letters --service "$(service)" --topic "$(topic)" --why "$(why)" --key "$(key)" \
		--state "$(or $(state),dead)" --id "$(id)" --reason "$(reason)" $(if $(discard),--discard)

.PHONY: sql
sql: there ## look into the database of a service (service=NAME query="SELECT ...")
	$(RUN) sql "$(service)" "$(query)"

test: setup ## run all tests, on servers of their own
	@$(PY) -m pytest $(args)

# One after the other it would take an hour: what needs no server runs beside the linters, the
# services alone beside the browser, and what mostly waits for figures and alerts beside the fuzzer.
# What measures time or breaks things has the machine to itself.
check: specs-unchanged browser ## what CI runs: generated pages, lint, tests
	@$(MAKE) -j2 lint pure
	@$(MAKE) -j2 each-alone in-browser
	@$(MAKE) -j2 watched fuzzed
	@$(PY) -m pytest -m "not pure" tests/failure tests/load $(args)

.PHONY: pure each-alone in-browser watched fuzzed
pure: setup
	@$(PY) -m pytest -m pure $(args)

each-alone: setup
	@$(PY) -m pytest -m "not pure" libs services deploy $(args)

in-browser: setup
	@$(PY) -m pytest tests/browser $(args)

watched: setup
	@$(PY) -m pytest -m "not pure" tests $(foreach one,browser failure fuzz load,--ignore=tests/$(one)) $(args)

fuzzed: setup
	@$(PY) -m pytest -m "not pure" tests/fuzz $(args)

.PHONY: browser
browser: setup ## see that there is a browser for the tests of the portal
	@$(PY) -m deploy.browser

lint: setup ## ruff, mypy, import-linter
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy deploy $(PACKAGES)
	@$(PY) -m mypy tests
	@for folder in $(wildcard libs/*/tests services/*/tests); do \
		$(PY) -m mypy -p $$(echo $$folder | tr / .) || exit 1; done
	@.venv/bin/lint-imports

format: setup ## bring the code into its form
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

specs: setup ## write the generated pages anew (docs/, deploy/env.example, dashboards)
	@$(PY) -m contracts.schemas --write
	@$(PY) -m chassis.specs
	@$(PY) -m deploy.variables
	@$(PY) -m deploy.grafana

.PHONY: specs-unchanged
specs-unchanged: specs
	@git diff --exit-code --stat -- docs libs/contracts deploy/env.example deploy/grafana \
		services/portal/portal/panels.json || \
		{ echo "The generated pages were old: commit what 'make specs' wrote."; exit 1; }

lock: setup ## resolve all dependencies anew into requirements.lock
	@.venv/bin/uv pip compile --quiet --universal --generate-hashes --no-header \
		--no-annotate --no-emit-index-url --python-version 3.11 \
		$$(for member in libs/*/ services/*/; do \
			test -f $${member}pyproject.toml && \
			echo --no-emit-package $$(sed -n 's/^name = "\(.*\)"/\1/p' $${member}pyproject.toml | head -1); \
		done) \
		pyproject.toml $(wildcard libs/*/pyproject.toml services/*/pyproject.toml) \
		--group dev --output-file requirements.lock

.PHONY: sbom
sbom: setup ## print what is in here of others, with licences (CycloneDX)
	@$(PY) -m deploy.sbom

bench: setup ## measure the pace of the main job (only=http,... keep=1)
	@$(PY) -m tests.load --only="$(only)" --keep="$(keep)" --scale="$(scale)"

.PHONY: soak
soak: setup ## load and random faults, then the check (minutes=10 seed=N)
	@$(PY) -m tests.failure.soak $(if $(minutes),--minutes=$(minutes)) $(if $(seed),--seed=$(seed))

profile: setup ## where services spend their time under load (service=NAME kind=flamegraph)
	@$(PY) -m tests.load.profile --service="$(service)" --kind="$(kind)" --scale="$(scale)"

bench-note: setup ## add the last run of bench to docs/performance.md (what="...")
	@$(PY) -m tests.load.history "$(what)"

.PHONY: overload
overload: setup ## let too many come at once (seconds=60 for each stage, replicas=1)
	@$(PY) -m tests.load.overload --seconds "$(seconds)" --replicas "$(replicas)" \
		--protected "$(or $(protected),1)"

.PHONY: fuzz
fuzz: setup ## send mutated requests and records to all services (inputs=N seed=N)
	@$(PY) -m tests.fuzz $(if $(inputs),--inputs=$(inputs)) $(if $(seed),--seed=$(seed))

COMPOSE ?= docker compose
.PHONY: compose
compose: ## the platform in containers (args="up --build --wait"); docs/deployment.md
	@$(ANY)
	@$(PYTHON) -m deploy.containers.passwords
	@$(COMPOSE) --env-file deploy/compose.env -f deploy/compose.yaml $(or $(args),ps)

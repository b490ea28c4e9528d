# Everything that people and CI do here; `make` alone says what there is.
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; \
	do $$name -c '$(SUPPORTED)' 2>/dev/null && echo $$name && break; done)
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PORT ?= 8080
# Recipes read these from the environment, so that a path may hold blanks.
export EVENTS SONGS TARGET METRICS BY

.PHONY: help setup replaced run insights metrics pictures test test-long bench lint docs clean lock

help:  ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 11

setup: .venv/run.done profiles.yml  ## make .venv and profiles.yml, by PYTHON=... if given

# A .venv is replaced if its Python is gone or does not fit, or if it has no pip.
ifneq ($(shell $(BIN)/python -c '$(SUPPORTED)' 2>/dev/null && { \
	test -e .venv/run.done || $(BIN)/python -c 'import pip' 2>/dev/null; } && echo ok),ok)
.venv/run.done: replaced
endif

replaced:
	@"$(PYTHON)" -c '$(SUPPORTED)' 2>/dev/null || { \
	echo 'error: $(or $(PYTHON),no python3) is not Python 3.11, 3.12 or 3.13: install one and name it, such as `make setup PYTHON=python3.12`' >&2; \
	exit 1; }
	@"$(PYTHON)" -m venv --clear .venv >/dev/null 2>&1 || { \
	echo 'error: $(PYTHON) cannot make .venv: on Debian and Ubuntu, install python3-venv' >&2; \
	exit 1; }

# What runs the warehouse comes first and soon; developers wait for the rest.
.venv/run.done: requirements.txt
	@echo 'installing dbt and what it needs into .venv: half a minute'
	@$(PIP) install --require-hashes -r requirements.txt
	@touch $@

.venv/dev.done: requirements-dev.txt .venv/run.done
	@echo 'installing what tests and checks need into .venv: a minute'
	@$(PIP) install --require-hashes -r requirements-dev.txt
	@touch $@

# Pinned to agree with both of the above, so it may come before or after developers'.
.venv/metrics.done: requirements-metrics.txt .venv/run.done
	@echo 'installing MetricFlow into .venv: some seconds'
	@$(PIP) install --require-hashes -r requirements-metrics.txt
	@touch $@

profiles.yml:
	@cp profiles.yml.example $@

data/sample: | .venv/run.done
	@$(BIN)/python scripts/sample_data.py $@

run: setup $(if $(EVENTS)$(SONGS),,data/sample)  ## load and build, from EVENTS=... SONGS=... if given
	@$(BIN)/python scripts/warehouse.py run $${EVENTS:+--events "$$EVENTS"} \
		$${SONGS:+--songs "$$SONGS"} $${TARGET:+--target "$$TARGET"}
	@echo
	@echo 'Look next: $(BIN)/python scripts/warehouse.py show, or make docs'

insights: setup  ## write a page of answers, data/insights.html
	@$(BIN)/python scripts/insights.py $${TARGET:+--target "$$TARGET"}

metrics: .venv/metrics.done profiles.yml  ## print metrics: METRICS="plays paid_share" BY=week
	@$(BIN)/python scripts/metrics.py $$METRICS $${BY:+--by "$$BY"} $${TARGET:+--target "$$TARGET"}

test: .venv/dev.done profiles.yml  ## run all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-long: .venv/dev.done profiles.yml  ## run the long tests too: histories, kills
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "long or not long"

bench: .venv/run.done  ## measure what full runs and increments cost
	$(BIN)/python scripts/bench.py

lint: .venv/dev.done profiles.yml  ## check code, types, SQL, YAML and conventions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/yamllint --strict .
	SPARKIFY_DUCKDB=:memory: $(BIN)/dbt --quiet --warn-error parse --no-partial-parse
	SPARKIFY_DUCKDB=:memory: $(BIN)/dbt --quiet --warn-error parse --no-partial-parse --target redshift
	SPARKIFY_DUCKDB=:memory: $(BIN)/sqlfluff lint --dialect duckdb .
	SPARKIFY_DUCKDB=:memory: $(BIN)/sqlfluff lint --dialect redshift .
	$(BIN)/dbt-bouncer run

docs: .venv/dev.done profiles.yml  ## generate documentation and lineage, serve them at PORT=...
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT)))' 2>/dev/null || { \
	echo 'error: port $(PORT) is taken, perhaps by another `make docs`: end that one, or `make docs PORT=8081`' >&2; \
	exit 1; }
	@$(BIN)/dbt --quiet docs generate --static --target-path target
	@# Without these two it would ask the package index, and the page a tracker.
	@DBT_COLIBRI_NO_VERSION_CHECK=1 $(BIN)/colibri generate --disable-telemetry \
		--output-dir target/columns >target/columns.log 2>&1 || { cat target/columns.log >&2; exit 1; }
	@echo 'The documentation is one file, target/static_index.html.'
	@echo 'The lineage of columns is another, target/columns/index.html.'
	@echo 'They are at http://localhost:$(PORT) too; Ctrl-C ends it.'
	@# Without the trap make reports an error when Ctrl-C ends the server.
	@trap : INT; $(BIN)/python -m http.server --bind 127.0.0.1 --directory target $(PORT) >/dev/null 2>&1

pictures: .venv/dev.done profiles.yml  ## draw the pictures of docs/, which needs Chromium
	@$(BIN)/python scripts/pictures.py

clean:  ## remove what was generated, but neither data nor .venv
	rm -rf target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis

lock:  ## pin the requirements again (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --no-emit-index-url --no-emit-find-links \
		pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --no-emit-index-url --no-emit-find-links \
		--extra dev pyproject.toml -o requirements-dev.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --no-emit-index-url --no-emit-find-links \
		-c requirements-dev.txt --extra metrics pyproject.toml -o requirements-metrics.txt

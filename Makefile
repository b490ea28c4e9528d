# Everything that people and CI do here; `make` alone says what there is.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
EVENTS ?=
SONGS ?=
TARGET ?=

.PHONY: help setup run insights test test-long bench lint docs clean lock

help:  ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 11

setup: .venv/run.done profiles.yml  ## make .venv and profiles.yml

# Twice pip: what runs the warehouse is there in half a minute, the rest for developers.
.venv/run.done: requirements.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --require-hashes -r requirements.txt
	@touch $@

.venv/dev.done: requirements-dev.txt .venv/run.done
	$(BIN)/pip install --quiet --require-hashes -r requirements-dev.txt
	@touch $@

profiles.yml:
	cp profiles.yml.example profiles.yml

data/sample: | .venv/run.done
	$(BIN)/python scripts/sample_data.py $@

run: setup $(if $(EVENTS),,data/sample)  ## load and build, from EVENTS=... SONGS=... if given
	$(BIN)/python scripts/warehouse.py run $(if $(EVENTS),--events $(EVENTS)) \
		$(if $(SONGS),--songs $(SONGS)) $(if $(TARGET),--target $(TARGET))
	@echo
	@echo "Look next: $(BIN)/dbt show -s most_played_songs, or make docs"

insights: setup  ## write a page of answers, data/insights.html
	$(BIN)/python scripts/insights.py $(if $(TARGET),--target $(TARGET))

test: .venv/dev.done profiles.yml  ## run all tests
	$(BIN)/python -m pytest -n 2

test-long: .venv/dev.done profiles.yml  ## run the long tests too: histories, kills
	$(BIN)/python -m pytest -n 2 -m "long or not long"

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

docs: setup  ## generate the documentation and serve it
	$(BIN)/dbt docs generate
	$(BIN)/dbt docs serve

clean:  ## remove what was generated, but neither data nor .venv
	rm -rf target logs .pytest_cache .mypy_cache .ruff_cache .hypothesis

lock:  ## pin the requirements anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --no-emit-index-url --no-emit-find-links \
		pyproject.toml -o requirements.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
		--no-strip-extras --no-emit-index-url --no-emit-find-links \
		--extra dev pyproject.toml -o requirements-dev.txt

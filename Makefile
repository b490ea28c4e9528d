# Everything that people and CI do here; `make` alone says what there is.
VERSION := import sys; print("%d.%d" % sys.version_info[:2])
SUPPORTED := 3.11 3.12 3.13
# PYTHON=... names the one to use; without it, uv finds or fetches one.
ifneq ($(PYTHON),)
ASKED := $(filter $(SUPPORTED),$(shell "$(PYTHON)" -c '$(VERSION)' 2>/dev/null))
ifeq ($(ASKED),)
$(error $(PYTHON) is not Python 3.11, 3.12 or 3.13: install one and name it, such as `make setup PYTHON=python3.12`)
endif
endif
PRESENT := $(shell .venv/bin/python -c '$(VERSION)' 2>/dev/null)
UV := .uv/bin/uv
BIN := .venv/bin
INSTALL := $(UV) pip install --quiet --python $(BIN)/python --require-hashes -r
PORT ?= 8080
ARGS ?=
# Recipes read these from the environment, so that a path may hold blanks.
export PYTHON EVENTS SONGS TARGET METRICS BY WHERE

.PHONY: help setup replaced run insights metrics pictures test test-long bench lint docs clean lock canary

help:  ## say what there is
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 11

setup: .venv/run.done profiles.yml  ## make .venv and profiles.yml, by PYTHON=... if given

# Any Python with venv can fetch uv, whatever its version and pip. uv makes .venv: it finds
# Python 3.11 to 3.13, or fetches one, and old pips cannot install these requirements.
.uv/bin/python:
	@for python in $${PYTHON:+"$$PYTHON"} python3 python3.13 python3.12 python3.11; do \
	"$$python" -m venv --clear .uv >/dev/null 2>&1 && exit; done; \
	echo 'error: no Python here can make a virtual environment: install Python 3.11, 3.12 or 3.13, on Debian and Ubuntu python3-venv too' >&2; \
	exit 1

$(UV): requirements-uv.txt | .uv/bin/python
	@.uv/bin/python -m pip install --disable-pip-version-check --quiet \
		--require-hashes --no-deps -r requirements-uv.txt
	@touch $@

# A .venv is replaced if its Python is gone, not supported, or not the one asked for.
ifeq ($(filter $(PRESENT),$(or $(ASKED),$(SUPPORTED))),)
.venv/run.done: replaced
endif

replaced: $(UV)
	@$(if $(PRESENT),echo '.venv has Python $(PRESENT): replacing it')
	@why=$$($(UV) venv --quiet --clear --python "$${PYTHON:->=3.11,<3.14}" .venv 2>&1) || { \
	echo "error: .venv cannot be made: install Python 3.11, 3.12 or 3.13 (uv: $$(echo "$$why" | head -n 1))" >&2; \
	exit 1; }

# What runs the warehouse comes first and soon; developers wait for the rest.
.venv/run.done: requirements.txt $(UV)
	@echo 'installing dbt and what it needs into .venv: some seconds'
	@$(INSTALL) requirements.txt
	@touch $@

.venv/dev.done: requirements-dev.txt .venv/run.done
	@echo 'installing what tests and checks need into .venv: some seconds'
	@$(INSTALL) requirements-dev.txt
	@touch $@

profiles.yml:
	@cp profiles.yml.example $@

data/sample: | .venv/run.done
	@$(BIN)/python scripts/sample_data.py $@

run: setup $(if $(EVENTS)$(SONGS),,data/sample)  ## load and build, with EVENTS=... SONGS=... ARGS=... if given
	@$(BIN)/python scripts/warehouse.py run $${EVENTS:+--events "$$EVENTS"} \
		$${SONGS:+--songs "$$SONGS"} $${TARGET:+--target "$$TARGET"} $(ARGS)
	@echo
	@echo 'Look next: $(BIN)/python scripts/warehouse.py show, or make docs'

insights: setup  ## write a page of answers, data/insights.html
	@$(BIN)/python scripts/insights.py $${TARGET:+--target "$$TARGET"}

# MetricFlow reads target/ and has no --target. Without METRICS it lists what there is.
metrics: .venv/dev.done profiles.yml  ## print METRICS=plays,paid_share BY=metric_time__week WHERE=...
	@$${TARGET:+export "DBT_TARGET=$$TARGET"}; $(BIN)/dbt --quiet parse --target-path target; \
	if [ -z "$$METRICS" ]; then $(BIN)/mf list metrics --show-all-dimensions; \
	else $(BIN)/mf query --quiet --metrics "$$METRICS" $${WHERE:+--where "$$WHERE"} \
		$${BY:+--group-by "$$BY" --order "$$BY"} $(ARGS); fi

test: .venv/dev.done profiles.yml  ## run all tests
	$(BIN)/python -m pytest -n 2 --dist worksteal

test-long: .venv/dev.done profiles.yml  ## run the long tests too: histories, kills
	@# A long history takes longer than the limit for a test that hangs.
	$(BIN)/python -m pytest -n 2 --dist worksteal -m "long or not long" -o faulthandler_timeout=3600

bench: .venv/run.done  ## measure what full runs and increments cost
	@PYTHONPATH=tests $(BIN)/python -m benchmark $(ARGS)

lint: .venv/dev.done profiles.yml  ## check code, types, SQL, YAML and conventions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyrefly check --summary=none --min-severity=error
	$(BIN)/yamllint --strict .
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.github-workflows .github/workflows/*
	$(BIN)/zizmor --quiet --offline .github
	@# The target redshift shows deprecations that the other hides. The stand-in's rules
	@# check what is compiled for it, which sqlfluff's dialect would let pass.
	$(BIN)/dbt --quiet --warn-error parse --no-partial-parse --target redshift
	$(BIN)/sqlfluff lint .
	$(BIN)/dbt-bouncer run

docs: setup  ## generate the documentation and serve it, at PORT=... if given
	@$(BIN)/python -c 'import socket; socket.create_server(("127.0.0.1", $(PORT)))' 2>/dev/null || { \
	echo 'error: port $(PORT) is taken, perhaps by another `make docs`: end that one, or `make docs PORT=8081`' >&2; \
	exit 1; }
	@$(MAKE) --no-print-directory .venv/dev.done
	@$(BIN)/dbt --quiet docs generate --static --target-path target
	@# Without these two it would ask the package index, and the page a tracker.
	@DBT_COLIBRI_NO_VERSION_CHECK=1 $(BIN)/colibri generate --disable-telemetry \
		--output-dir target/columns >target/columns.log 2>&1 || { cat target/columns.log >&2; exit 1; }
	@echo 'The documentation is one file, target/static_index.html.'
	@echo 'The lineage of columns is another, target/columns/index.html.'
	@echo 'They are at http://localhost:$(PORT) too; Ctrl-C ends it.'
	@# Without the trap make reports an error when Ctrl-C ends the server.
	@trap : INT; $(BIN)/python -m http.server --bind 127.0.0.1 --directory target $(PORT) >/dev/null 2>&1

CHROMIUM = "$$chromium" --headless --no-sandbox --hide-scrollbars --log-level=3
# Without analyses and tests, which would make it too small to read.
LINEAGE := overview?g_v=1&g_i=%2Bsongplays%2B&g_e=path:analyses%20path:tests

pictures: setup  ## draw the pictures of docs/, which needs Chromium
	@chromium=$$(command -v chromium || command -v google-chrome) || { \
	echo 'error: there is no Chromium; on Debian and Ubuntu: `apt install chromium`' >&2; exit 1; }; \
	made=$$(mktemp -d) && trap 'rm -r "$$made"' EXIT && \
	export DBT_TARGET=dev DBT_TARGET_PATH="$$made" SPARKIFY_DUCKDB="$$made/sparkify.duckdb" && \
	$(BIN)/python scripts/sample_data.py "$$made/sample" && $(BIN)/python scripts/warehouse.py \
		run --events "$$made/sample/log_data" --songs "$$made/sample/song_data" && \
	$(BIN)/python scripts/insights.py --out "$$made/insights.html" && \
	$(BIN)/dbt --quiet docs generate --static && \
	$(CHROMIUM) --window-size=1120,1300 --force-device-scale-factor=1.5 \
		--screenshot=docs/insights.png "file://$$made/insights.html" && \
	$(CHROMIUM) --window-size=1800,690 --virtual-time-budget=10000 \
		--screenshot=docs/lineage.png "file://$$made/static_index.html#!/$(LINEAGE)"

clean:  ## remove what was generated, but neither data nor .venv
	rm -rf target logs .pytest_cache .ruff_cache .hypothesis

# One resolution: the run set takes its pins from the development set. Present pins stay
# where they still fit; UPGRADE=--upgrade moves all to the newest that pyproject.toml allows.
LOCK := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --custom-compile-command 'make lock'

lock: $(UV)  ## pin the requirements again, to newer versions with UPGRADE=--upgrade
	$(LOCK) $(UPGRADE) --extra dev pyproject.toml -o requirements-dev.txt
	$(LOCK) --constraint requirements-dev.txt pyproject.toml -o requirements.txt
	echo uv | $(LOCK) $(UPGRADE) - -o requirements-uv.txt

canary:  ## install from nothing with the oldest pip, then the newest versions allowed
	.ci/canary

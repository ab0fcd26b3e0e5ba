# Each target sets up what it needs, from nothing: an environment in .venv, then its job.
PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
READY := $(VENV)/.ready
PYTEST_ARGS ?= -n auto --dist loadfile

.PHONY: help setup demo page test lint format bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    draw a sample clip and give it a soundtrack, in demos/out"
	@echo "make page    the web page, on this machine alone"
	@echo "make test    run the tests"
	@echo "make lint    ruff and mypy"
	@echo "make bench   how well music lands on the sample clips, and how long each stage takes"
	@echo "make format  let ruff rewrite what it can"
	@echo "make clean   remove the environment and everything that was made"
	@echo "PYTHON=python3.12 make test  chooses the Python (3.10 or later)"

setup: $(READY)

# Made again when what is to be installed changes.
$(READY): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) is not here; name a Python: make PYTHON=..."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' \
		|| { echo "$(PYTHON) is older than 3.10; name a newer one: make PYTHON=python3.12"; exit 1; }
	test -x $(PY) || $(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(READY)
	@mkdir -p demos/out
	$(PY) -m demos.make film -o demos/out/film.mp4
	$(PY) -m v2m soundtrack demos/out/film.mp4 --force
	@echo "Watch demos/out/film.scored.mp4"

page: $(READY)
	$(PY) -m v2m serve --open

test: $(READY)
	$(PY) -m pytest $(PYTEST_ARGS)

lint: $(READY)
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy

format: $(READY)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

bench: $(READY)
	$(PY) -m benchmarks.landing
	$(PY) -m benchmarks.speed

clean:
	rm -rf $(VENV) build dist *.egg-info demos/out benchmarks/out .pytest_cache .mypy_cache .ruff_cache .hypothesis

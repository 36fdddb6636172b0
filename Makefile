# Every target makes what it needs: a fresh machine wants only Python (3.11 to 3.13), pip and make.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# A folder of wheels to install from instead of the network; `make bundle` writes one.
WHEELS ?=
PIP    := $(BIN)/python -m pip --disable-pip-version-check install --quiet \
          $(if $(WHEELS),--no-index --find-links $(abspath $(WHEELS)))

# What `make sweep` trains: the beginning of a focal search, a few minutes on two cores.
SWEEP  := sweeps/focal_bayes.yaml
RUNS   := 8
AGENTS := 2

BENCHMARKS := agents inputs loader resampling search search_server selection server training_speed

.PHONY: sweep test test-slow lint format bench bundle clean

sweep: $(VENV)/.installed
	@set -e; PATH="$(CURDIR)/$(BIN):$$PATH"; data=data/mitdb.h5; \
	if [ -f $$data ]; then echo "Using $$data, which is already there."; \
	elif [ -n "$$ECG_DATA" ]; then rarebeat data build mitdb --from "$$ECG_DATA/mitdb" --out $$data; \
	elif ! rarebeat data build mitdb --out $$data; then \
	  echo "ECG_DATA is not set and MIT-BIH could not be downloaded: this sweep runs on simulated beats."; \
	  data=data/simulated.h5; \
	  [ -f $$data ] || rarebeat data simulate --out $$data; \
	fi; \
	rarebeat sweep $(SWEEP) --local --data $$data --agents $(AGENTS) --runs $(RUNS) -o runs/best

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

test-slow: $(VENV)/.installed-test
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 2 --dist loadfile -m slow

lint: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.installed-test
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# benchmarks/real.py and benchmarks/evening.py want recordings, and are started by hand.
bench: $(VENV)/.installed
	@for name in $(BENCHMARKS); do $(BIN)/python benchmarks/$$name.py || exit 1; done

bundle: $(VENV)/.installed-test
	$(BIN)/python -m pip --disable-pip-version-check wheel --quiet --wheel-dir wheels '.[test]' 'setuptools>=68' wheel
	rm -f wheels/rarebeat-*.whl
	@echo "wheels/ holds everything: make sweep WHEELS=wheels"

clean:
	rm -rf $(VENV) build *.egg-info .pytest_cache .ruff_cache

$(VENV)/.installed: setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
	  { echo "rarebeat needs Python 3.11 to 3.13; name one with make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
	$(PIP) --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) --editable '.[test]'
	@touch $@

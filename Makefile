# Two commands: `make paper` builds HTML and PDF, `make test` runs the tests. Both set everything up themselves.
.DEFAULT_GOAL := help
.PHONY: help paper html pdf machine hospital test lint notebooks lab kernel latex ledger example rows simulate diff check reproducible bench release release-folder site clean
SHELL := /bin/sh
PYTHON ?= python3
UV := 0.13.9
BIN := .venv/bin
READY := .venv/.ready
# where packages are kept: the user's cache, or one beside the project where there is no home to write to
HOME_CACHE := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)
CACHES := $(if $(shell mkdir -p "$(HOME_CACHE)" 2>/dev/null && [ -w "$(HOME_CACHE)" ] && echo yes),$(HOME_CACHE),$(CURDIR)/_build/packages)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
unexport PYTHONPATH PYTHONHOME PYTHONUSERBASE JUPYTER_PATH GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE
# else each process compiles the library anew
unexport PYTHONDONTWRITEBYTECODE
# an environment that was moved or copied with its folder would run the old folder's code
ifneq ($(shell cat $(READY) 2>/dev/null),$(CURDIR))
.PHONY: $(READY)
endif
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

paper: html pdf machine  ## build _build/html/index.html, _build/paper.pdf and _build/supplement.pdf

html: $(READY)  ## build the HTML only
	@$(BIN)/headtohead html $(if $(COLD),--cold)

pdf: html  ## build the HTML and the PDFs (installs LaTeX if it is missing and apt is at hand)
	@$(BIN)/headtohead pdf $(if $(COLD),--cold)
	@$(BIN)/headtohead accessible

machine: html  ## write the paper for machines into _build/machine: JSON, JATS XML, schema.org, RO-Crate
	@$(BIN)/headtohead machine

test: $(READY)  ## run the tests
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not book and not whole"

lint: $(READY)  ## check style and types, of the chapters' code too
	@$(BIN)/ruff check lib tests bench
	@$(BIN)/ruff format --check -q lib tests bench
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/jupytext --quiet --pipe-fmt py:percent --check '$(BIN)/ruff check --quiet --ignore D,E402,E501 {}' $$(grep -l kernelspec book/*.md examples/*/book/*.md lib/livingpaper/skeleton/book/*.md)

notebooks: $(READY)  ## pair the chapters with notebooks/
	@$(BIN)/livingpaper notebooks

lab: $(READY)  ## pair the chapters with notebooks/ and open JupyterLab, which reads like the paper
	@$(BIN)/livingpaper lab

kernel: $(READY)  ## put .venv behind the kernel of another Jupyter: make kernel PREFIX=/path/to/it
	@$(BIN)/python -m ipykernel install --prefix "$(PREFIX)" --name python3 --display-name "Python 3" >/dev/null

latex: $(READY)  ## install LaTeX if it is missing and apt is at hand
	@$(BIN)/headtohead latex

ledger: $(READY)  ## recompute results/: every number, and the key figure
	@$(BIN)/headtohead ledger

example: $(READY)  ## build the second paper, examples/legislators, made with the same machinery
	@cd examples/legislators && ../../$(BIN)/livingpaper html && ../../$(BIN)/livingpaper pdf

hospital: $(READY)  ## check a hospital's table and build its own paper beside it: make hospital COHORT=FILE, later ACCEPT="name, reason"
	@$(BIN)/headtohead hospital "$(or $(COHORT),$(error name the table: make hospital COHORT=FILE))" $(if $(ACCEPT),--accept "$(ACCEPT)")

rows: $(READY)  ## count the rows of every table, in its file and as they are read
	@$(BIN)/python -m study.data.rows

simulate: $(READY)  ## recompute the committed simulation results, about five minutes on two cores; goes on where it stopped
	@$(BIN)/headtohead simulate

diff: $(READY)  ## say which numbers moved: make diff OLD=1.0.0 NEW=1.1.0 FORMAT=markdown OUT=file
	@$(if $(OUT),mkdir -p -- "$$(dirname -- "$(OUT)")")
	@$(BIN)/headtohead diff "$(or $(OLD),HEAD)" $(if $(NEW),"$(NEW)") --format "$(or $(FORMAT),text)" $(if $(OUT),>"$(OUT).new") || [ $$? -le 2 ]
	@$(if $(OUT),mv -- "$(OUT).new" "$(OUT)")

# three workers on two cores, for one waits: for a browser, for a process that is killed later
check: $(READY)  ## look at the built paper as readers do, and run it on other patients, choices and mistakes
	@$(BIN)/headtohead chromium
	@$(BIN)/python -m pytest -q -n 3 --dist worksteal -m "book or whole$(if $(TESTED),, or gate)"

reproducible: $(READY)  ## build this commit from nothing, again unless it is built here, and compare every byte
	@$(BIN)/headtohead reproduce

bench: $(READY)  ## time the study, the builds and the library beside its peers, against the targets
	@$(BIN)/python bench/speed.py

release: $(READY)  ## freeze a version: make release VERSION=1.1.0
	@$(BIN)/headtohead release $(VERSION)

release-folder: $(READY)  ## write what may leave the house: make release-folder COHORT=FILE, of its own paper if it has one
	@f="$(COHORT)"; p="$${f%.*}-paper"; if [ -n "$$f" ] && [ -d "$$p" ]; then f=$$(realpath -- "$$f"); cd -- "$$p"; fi; \
		"$(abspath $(BIN))/headtohead" release-folder $${f:+--cohort "$$f"}

site: $(READY)  ## unpack all versions into _build/site
	@$(BIN)/headtohead site $(if $(NEWEST),--newest $(NEWEST))

clean:  ## remove everything made, keep .venv
	rm -rf _build notebooks

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed, '$(PYTHON)' is not; run: make PYTHON=/path/to/python3.11 ..." >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "a virtual environment cannot be made: '$(PYTHON)' lacks venv; on Debian: sudo apt-get install python3-venv" >&2; exit 1; }
	@{ [ ! -s $@ ] || [ "$$(cat $@)" = "$(CURDIR)" ]; } && $(BIN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	@echo "installing the locked packages (once)"
	@mkdir -p "$(CACHES)" 2>/dev/null && [ -w "$(CACHES)" ] || \
		{ echo "packages are kept in $(CACHES), which cannot be written; make it writable, or set XDG_CACHE_HOME" >&2; exit 1; }
	@$(BIN)/python -m pip install -q --cache-dir "$(CACHES)/pip" "uv==$(UV)" && export VIRTUAL_ENV="$(CURDIR)/.venv" UV_CACHE_DIR="$(CACHES)/uv" && \
		$(BIN)/uv pip install -q --compile-bytecode --require-hashes -r requirements.txt && \
		$(BIN)/uv pip install -q --no-deps --no-build-isolation -e . || \
		{ echo "the packages could not be installed, the reason stands above; this step alone needs the network" >&2; exit 1; }
	@$(BIN)/python -m ipykernel install --sys-prefix --name python3 --display-name "Python 3" >/dev/null
	@printf '%s\n' "$(CURDIR)" >$@

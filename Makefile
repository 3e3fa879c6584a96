# `make help` lists the targets. Everything made here is under .venv/ and _build/; delete either to start again.

PYTHON ?= python3
IN_VENV := .venv/bin/python
READY := .venv/requirements.stamp
READY_DEV := .venv/requirements-dev.stamp

.DEFAULT_GOAL := help
.PHONY: help book test test-notebooks lab pdf slides workshop bench conformance lint

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' Makefile

book: $(READY)  ## Execute the chapters and build the website into _build/html
	@$(IN_VENV) -m build.book

# In the order of their names the files that take longest come first, and both processes end at about the same time.
test: $(READY_DEV)  ## Run the tests, in up to four processes
	@$(IN_VENV) -m pytest -rs --numprocesses=logical --maxprocesses=4 --dist=loadfile --no-loadscope-reorder

test-notebooks: $(READY_DEV)  ## Build the book, run each of its notebooks again, and compare what they show
	@$(IN_VENV) -m build.book
	@$(IN_VENV) -m pytest -q tests/book/notebooks.py

lab: $(READY)  ## Open the chapters in JupyterLab
	@JUPYTER_CONFIG_PATH=build/jupyter $(IN_VENV) -m jupyterlab --LabApp.default_url=/lab/tree/book/welcome.md

pdf: $(READY_DEV)  ## Build the book, and print it into _build/pdf/book.pdf with Chromium
	@$(IN_VENV) -m build.book
	@$(IN_VENV) -m build.pdf

slides: $(READY_DEV)  ## Build the book, and slides of its chapters into _build/slides
	@$(IN_VENV) -m build.book
	@$(IN_VENV) -m build.slides

workshop: slides  ## Build the book and the slides, and an archive that a class installs without a network
	@$(IN_VENV) -m build.workshop

bench: $(READY_DEV)  ## Measure the dialect, and its networks beside PyTorch and ONNX Runtime
	@$(IN_VENV) -m benchmarks

conformance: $(READY)  ## Compare with what the genuine Relay printed; RECORD=1 records that afresh
	@$(IN_VENV) -m tests.conformance $(if $(RECORD),--record)

lint: $(READY_DEV)  ## Check style and types
	@$(IN_VENV) -m ruff check
	@$(IN_VENV) -m ruff format --check
	@$(IN_VENV) -m mypy build relay $(wildcard helpers) book/set_env.py

# An environment that still works is kept: a changed requirement is then a matter of seconds.
$(READY): requirements.txt
	@$(IN_VENV) -c "" 2>/dev/null || { \
	    command -v $(PYTHON) >/dev/null || \
	        { echo "There is no '$(PYTHON)': install CPython 3.11 or newer, or name one, as in 'make book PYTHON=python3.12'."; exit 1; }; \
	    $(PYTHON) build/check_python.py && $(PYTHON) -m venv --clear .venv; }
	$(IN_VENV) -m pip install --disable-pip-version-check -r requirements.txt
	@touch $@

$(READY_DEV): $(READY) requirements-dev.txt
	$(IN_VENV) -m pip install --disable-pip-version-check -r requirements.txt -r requirements-dev.txt
	@touch $@

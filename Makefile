# `make` alone lists the targets. A student needs `check`, `list` and `hint`; Python 3.11 or newer is enough.
.DEFAULT_GOAL := help
.PHONY: help check list hint lab

PYTHON ?= python3
PIP_FLAGS ?=
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) --constraint constraints.txt
# So that messages name the commands that this reader typed.
GRADER := GRADER_VIA=make $(BIN)/grader

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

check: $(VENV)/.student ## grade your work: make check, or one exercise: make check EX=lora
	@$(GRADER) check $(EX)

list: $(VENV)/.student ## the exercises and where you stand
	@$(GRADER) list

hint: $(VENV)/.student ## the next hint of a task: make hint TASK=lora.2
	@$(GRADER) hint $(TASK)

lab: $(VENV)/.notebook ## work in notebooks: opens JupyterLab
	@$(BIN)/jupyter lab exercises

$(VENV)/.notebook: $(VENV)/.student
	@echo "Setting up JupyterLab, about 220 MB, once." >&2
	@$(PIP) --editable '.[notebook]'
	@touch $@

$(VENV)/.student: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@echo "Setting up $(VENV): torch and what grades your work, about 1.2 GB, once. This takes some minutes." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $@

# What instructors and authors need on top; a release for students does not hold it.
-include development.mk

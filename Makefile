# `make` alone lists the targets. Python 3.11 or newer is enough.
.DEFAULT_GOAL := help
.PHONY: help watch check list hint predict doctor lab

PYTHON ?= python3
PIP_FLAGS ?=
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check $(PIP_FLAGS) --constraint constraints.txt
# So that messages name the commands that this reader typed. Not $(BIN)/grader: a script knows the folder in which it was
# installed, and people move theirs.
GRADER := GRADER_VIA=make $(BIN)/python -m grader

help: ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

watch: $(VENV)/.student ## grade at every save, and show the task at hand: make watch, or make watch EX=lora
	@$(GRADER) watch $(EX)

check: $(VENV)/.student ## grade your work: make check, or one exercise: make check EX=lora; on a GPU too: GPU=1
	@$(GRADER) check $(EX) $(if $(filter-out 0,$(GPU)),--gpu on)

list: $(VENV)/.student ## where you stand; task by task: make list EX=lora
	@$(GRADER) list $(EX)

hint: $(VENV)/.student ## the next hint of a task: make hint TASK=lora.2
	@$(GRADER) hint $(TASK)

predict: $(VENV)/.student ## questions before a task, never graded: make predict TASK=lora.2
	@$(GRADER) predict $(TASK) $(if $(ANSWER),"$$ANSWER")

doctor: $(VENV)/.student ## what is missing on this machine, if anything
	@$(GRADER) doctor

lab: $(VENV)/.notebook ## work in notebooks: opens JupyterLab
	@$(BIN)/jupyter lab exercises

$(VENV)/.notebook: $(VENV)/.student
	@echo "Setting up JupyterLab, about 220 MB, once." >&2
	@$(PIP) --editable '.[notebook]'
	@touch $@

$(VENV)/.student: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 6) and "grader: Python 3.11 or newer is needed, and this is " + sys.version.split()[0])'
	@$(PYTHON) grader/first_run.py $(VENV) $(PIP_FLAGS)

# What instructors and authors need on top; a release for students does not hold it.
-include development.mk

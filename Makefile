# `make` alone lists the targets. A student needs `check`, `list` and `hint`; Python 3.11 or newer is enough.
.DEFAULT_GOAL := help
.PHONY: help check list hint test lint types stubs format goldens audit diagnosis fuzz bench ci

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
	@grep -E '^[a-z]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

check: $(VENV)/.student ## grade your work: make check, or one exercise: make check EX=lora
	@$(GRADER) check $(EX)

list: $(VENV)/.student ## the exercises and where you stand
	@$(GRADER) list

hint: $(VENV)/.student ## the next hint of a task: make hint TASK=lora.2
	@$(GRADER) hint $(TASK)

test: $(VENV)/.dev ## the project's own tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

lint: $(VENV)/.dev ## formatting, lint rules and layers
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports

types: $(VENV)/.dev ## mypy --strict on the engine
	$(BIN)/mypy

format: $(VENV)/.dev ## rewrite files in the project's format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

stubs: $(VENV)/.student ## generate the stubs from solutions/
	@$(BIN)/grader stubs

goldens: $(VENV)/.dev ## rewrite golden files and the generated parts of documents
	$(BIN)/python -m pytest --update-goldens tests/test_messages.py tests/test_docs.py tests/test_pages.py tests/test_attacks.py

audit: $(VENV)/.dev ## judge the checks of exercises: make audit, or one: make audit EX=lora
	@$(GRADER) audit $(or $(EX),--tables docs/audit.md)

fuzz: $(VENV)/.dev ## look for bytes that the grader mishandles: make fuzz FUZZ_S=600
	@$(PIP) --editable '.[dev,fuzz]'
	FUZZ_S=$(or $(FUZZ_S),60) $(BIN)/python tests/fuzz/wire.py

bench: $(VENV)/.dev ## measure the speed that the README claims
	$(BIN)/python benchmarks/run.py

diagnosis: $(VENV)/.dev ## write docs/diagnosis.md: what messages say of each wrong answer
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/diagnosis.py

ci: lint types test ## everything that must pass

$(VENV)/.student: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0])'
	@echo "Setting up $(VENV): torch and what grades your work, about 1.2 GB, once. This takes some minutes." >&2
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.student
	@$(PIP) --editable '.[dev]'
	@touch $@

# Targets of the whole lesson, with solutions/ and tests; the Makefile includes them where they are.
.PHONY: test lint types stubs notebooks release format goldens audit audited diagnosis fuzz bench ci

test: $(VENV)/.dev ## the project's own tests
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal $(ARGS)

lint: $(VENV)/.dev ## formatting, lint rules and layers
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/lint-imports

types: $(VENV)/.dev ## mypy --strict on the engine
	$(BIN)/mypy

release: $(VENV)/.student ## write student.zip: the lesson without solutions/
	@$(GRADER) release $(EX)

notebooks: $(VENV)/.student ## generate the notebooks of the exercises
	@$(BIN)/grader notebooks

format: $(VENV)/.dev ## rewrite files in the project's format
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

stubs: $(VENV)/.student ## generate the stubs from solutions/
	@$(GRADER) stubs

goldens: $(VENV)/.dev ## rewrite golden files and the generated parts of documents
	$(BIN)/python -m pytest --update-goldens tests/test_messages.py tests/test_docs.py tests/test_pages.py tests/test_attacks.py tests/test_writers.py

audit: $(VENV)/.dev ## judge the checks of exercises: make audit, or one: make audit EX=lora
	@$(GRADER) audit $(EX) --tables docs/audit.md

audited: $(VENV)/.dev ## the same, of the exercises that docs/audit.md does not tell of as they are
	@$(GRADER) audit --changed --tables docs/audit.md

fuzz: $(VENV)/.dev ## look for bytes that the grader mishandles: make fuzz FUZZ_S=600
	@$(PIP) --editable '.[dev,fuzz]'
	FUZZ_S=$(or $(FUZZ_S),60) $(BIN)/python tests/fuzz/wire.py

bench: $(VENV)/.dev ## measure the speed that the README claims
	$(BIN)/python benchmarks/run.py
	$(BIN)/python benchmarks/watch.py
	$(BIN)/python benchmarks/gpu.py

diagnosis: $(VENV)/.dev ## write docs/diagnosis.md: what messages say of each wrong answer
	HF_HUB_OFFLINE=1 $(BIN)/python benchmarks/diagnosis.py

ci: lint types audited test ## everything that must pass

$(VENV)/.dev: $(VENV)/.student
	@$(PIP) --editable '.[dev]'
	@touch $@

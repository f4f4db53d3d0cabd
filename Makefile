# The commands of this project. `make demo` and `make test` make .venv first.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.PHONY: demo test check test-slow docs weights clean

demo: $(STAMP)
	$(BIN)/synthbench demo

test: $(STAMP)
	$(BIN)/pytest -n auto

test-slow: $(STAMP)
	$(BIN)/pytest -m slow

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python scripts/cli-reference --check
	$(BIN)/python scripts/example-card --check

docs: $(STAMP)
	$(BIN)/python scripts/cli-reference

# make weights ID="vae2d ldm2d-ct-roi" [WORK=DIR]: trains, measures and packs what ships; see docs/weights.md.
WORK ?= weights
weights: $(STAMP)
	$(BIN)/python scripts/weights $(ID) --work $(WORK)

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip -c constraints.txt
	$(BIN)/python -m pip install --quiet -e ".[dev]" -c constraints.txt
	touch $(STAMP)

clean:
	rm -rf .venv demo build dist

# Sanctuary. `make help` lists what can be asked for.

PYTHON ?= python3
PROGRAMS ?= 200
IN_VENV := .venv/bin/python
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-annotate --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"

.DEFAULT_GOAL := help
.PHONY: help run test check fmt fuzz soak bench pictures lock run-deps test-deps

help: ## This list
	@sed -nE 's/^([a-z]+):.*## (.*)/  make \1	\2/p' Makefile | expand -t 16

run: run-deps ## Install, migrate, seed the demo, start everything, until Ctrl-C; PORT=… DATABASE_URL=…
	@$(IN_VENV) -m scripts.run

test: check ## Every check and every test, on both databases and in a real browser
	@$(IN_VENV) -m pytest -n 2 --dist loadgroup

check: test-deps ## Formatting, lint, types, import contracts, templates
	$(IN_VENV) -m ruff format --check .
	$(IN_VENV) -m ruff check .
	$(IN_VENV) -m mypy
	$(IN_VENV) -c "from importlinter.cli import lint_imports_command as main; main()" --no-logo
	$(IN_VENV) -m djlint --check --lint templates

fmt: test-deps ## Put code and templates into the house's format
	$(IN_VENV) -m ruff check --fix-only .
	$(IN_VENV) -m ruff format .
	$(IN_VENV) -m djlint --reformat --quiet templates

fuzz: test-deps ## Send the API what nobody would, for long
	@$(IN_VENV) -m scripts.fuzz

soak: test-deps ## Programs of payments, sales, news and crashes against models, for long; PROGRAMS=…
	@SANCTUARY_SOAK=$(PROGRAMS) $(IN_VENV) -m pytest -x \
		tests/integration/billing/test_model.py tests/integration/billing/test_sales_model.py

bench: test-deps ## The benchmarks; each prints ratios measured in one run
	@$(IN_VENV) -m bench

pictures: test-deps ## Draw the pictures of the README and the guides from the demo
	@$(IN_VENV) -m scripts.pictures

lock: ## Pin the newest allowed versions with hashes (needs uv)
	$(COMPILE) --upgrade --extra sandbox -o requirements/run.txt pyproject.toml
	$(COMPILE) --upgrade --all-extras -c requirements/run.txt -o requirements/test.txt pyproject.toml

run-deps:
	@$(PYTHON) scripts/bootstrap.py run

test-deps:
	@$(PYTHON) scripts/bootstrap.py test

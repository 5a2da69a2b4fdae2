# Two commands for a fresh clone: `make app` opens the app on a sample photo, `make test` runs every test.

PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
  $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
# Installed first and held, so that no other requirement pulls another build of it. On Linux the one that pip finds by itself
# brings CUDA, several GB; `PIP_EXTRA_INDEX_URL=https://download.pytorch.org/whl/cpu make test` takes the one without.
TORCH = torch==2.13.0
VENV = .venv
BIN = $(VENV)/bin
# What Vite 7 asks for; Debian 12 has 18.
NODE = command -v npm >/dev/null && node -e \
  'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a < 20 || (a === 20 && b < 19) ? 1 : 0)'
# Compiled when the package is installed (hatch_build.py), where there is a compiler.
NATIVE = hatch_build.py $(wildcard native/*)
SAMPLE = src/adacolvit/app/samples/cat.jpg

.PHONY: wheels app test lint front-end web node chromium bench-app
.DELETE_ON_ERROR:

app: $(VENV)/app.stamp
	$(BIN)/adacolvit app $(SAMPLE)

# In as many processes, each file in one of them: most tests keep less than one core busy, and none needs another's.
TESTERS = 2
test: $(VENV)/test.stamp chromium lint front-end
	$(BIN)/pytest -n $(TESTERS) --dist loadfile

# What the Dockerfile installs: our wheel and all that it needs, for the Python that is here.
wheels: $(VENV)/app.stamp
	$(BIN)/pip wheel -q -w dist .

lint: $(VENV)/test.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check

# The built front end is committed, so that nobody needs Node to use the app; where it is there, rebuild and compare.
# `npm install --no-save` and not `npm ci`: the latter refuses a lock that lacks other platforms' optional packages.
front-end: $(VENV)/test.stamp
	@if $(NODE); then cp web/src/engine/schema.d.ts $(VENV)/schema.d.ts && \
	  (cd web && npm install --no-save --no-audit --no-fund && npm run build -- --outDir $(abspath $(VENV))/static --emptyOutDir) && \
	  { diff -r $(VENV)/static src/adacolvit/app/static && diff $(VENV)/schema.d.ts web/src/engine/schema.d.ts || { \
	    echo "The committed front end is not what web/ builds to: cd web && npm run build, and commit what changed."; \
	    exit 1; }; }; \
	else echo "Node 20.19 or newer with npm is not here: the check that the committed front end is up to date is left out."; fi

# The edition that needs no server: copy $(WEB) to any file host. docs/browser.md
WEB = dist/web
MODEL = tiny
web: node $(VENV)/app.stamp
	$(BIN)/adacolvit export --format web --model $(MODEL) -o build/model --force
	cd web && npm install --no-save --no-audit --no-fund && npx vite build -c vite.browser-only.config.ts --outDir $(abspath $(WEB))
	@du -sh $(WEB)

node:
	@$(NODE) || { echo "This needs Node 20.19 or newer with npm: https://nodejs.org/en/download"; exit 1; }

# The app's latency in Chromium, as a Markdown table; for a quiet machine.
bench-app: $(VENV)/test.stamp chromium
	$(BIN)/python benchmarks/app.py

chromium:
	@command -v chromium >/dev/null || { \
	  echo "chromium is missing, which the browser tests drive. Install it: sudo apt-get install -y chromium"; exit 1; }

$(VENV)/bin/python:
	@[ -n "$(PYTHON)" ] || { \
	  echo "Python 3.11 or newer is missing. Install it: sudo apt-get install -y python3 python3-venv"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	  echo "Python cannot make a virtual environment. Install what it lacks: sudo apt-get install -y python3-venv"; exit 1; }

# Both installs are editable, so that whichever came last runs the sources that are here.
$(VENV)/app.stamp: pyproject.toml $(NATIVE) | $(VENV)/bin/python
	$(BIN)/pip install -q -e .
	@touch $@

$(VENV)/test.stamp: pyproject.toml $(NATIVE) | $(VENV)/bin/python
	$(BIN)/pip install -q $(TORCH)
	@echo "$(TORCH)" > $(VENV)/constraints.txt
	$(BIN)/pip install -q -c $(VENV)/constraints.txt -e ".[train,test]"
	@touch $@

# The commands people type. Each installs what it needs first; a second run installs nothing.
#
#   make demo      the portal with a synthetic district on 127.0.0.1:8000 (or: make demo PORT=9000)
#   make test      every test that this machine can run, on real PostgreSQL and Redis
#   make check     the whole gate, as in CI
#   make bench     how fast the recomputation is, against SQL, pandas and the floor (docs/bench.md)
#   make screenshots   pictures of the demo's pages, into docs/screenshots/
#   make install   only the virtual environment .venv, for development
#
# PYTHON=/path/to/python3.12 chooses the interpreter that .venv is made with.

.PHONY: demo test check bench install screenshots

demo: .venv/installed
	@.venv/bin/python manage.py rundemo

test: .venv/installed-dev
	@.venv/bin/pytest --numprocesses auto --maxprocesses 4 --dist worksteal

screenshots: .venv/installed-dev
	@.venv/bin/python -m tests.screenshots

check:
	@.ci/run

bench: .venv/installed-dev
	@.venv/bin/python -m tests.bench

install: .venv/installed-dev

# The demo takes the pins of requirements-dev.txt along as constraints: pytest-django asks for pytest.
.venv/installed: requirements.txt requirements-dev.txt
	@.ci/install -r requirements.txt -c requirements-dev.txt
	@touch $@

.venv/installed-dev: requirements.txt requirements-dev.txt
	@.ci/install -r requirements-dev.txt
	@touch .venv/installed $@

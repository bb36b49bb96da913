# Short verbs. Everything happens in packaging/bootstrap.py, which also works without make:
#   python packaging/bootstrap.py run
# More words:  make test ARGS="tests/unit -k link"   make bench ARGS=start   make shots ARGS=folder

PYTHON ?= python3
ARGS ?=

.PHONY: run test verify setup lint types bench shots weights translations
run test verify setup lint types bench shots weights translations:
	@$(PYTHON) packaging/bootstrap.py $@ $(ARGS)

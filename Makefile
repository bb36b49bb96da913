# Short verbs. Everything happens in packaging/bootstrap.py, which also works without make:
#   python packaging/bootstrap.py run
# More words:  make bench lanes   make bench ARGS="lanes --json"   make test ARGS="tests/unit -k link"

PYTHON ?= python3
ARGS ?=

VERBS := run test verify setup lint types bench docs shots weights translations
.PHONY: $(VERBS)

# The name after `make bench` is a word for it, and no goal of its own.
ifeq (bench,$(firstword $(MAKECMDGOALS)))
NAME := $(wordlist 2,$(words $(MAKECMDGOALS)),$(MAKECMDGOALS))
.PHONY: $(NAME)
$(filter-out $(VERBS),$(NAME)):
	@:
endif

$(VERBS):
	@$(PYTHON) packaging/bootstrap.py $@ $(NAME) $(ARGS)

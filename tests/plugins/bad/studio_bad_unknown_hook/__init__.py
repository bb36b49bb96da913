"""A plugin for tests: it implements a hook that does not exist."""

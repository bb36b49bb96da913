"""A plugin for tests: it raises in every hook of both halves."""

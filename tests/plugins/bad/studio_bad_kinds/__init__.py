"""A plugin for tests: its results are of kinds that it does not declare."""

"""A plugin for tests: its schema raises when it is imported."""

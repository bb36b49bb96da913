"""A plugin for tests: it takes the id of another plugin."""

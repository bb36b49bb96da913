"""A plugin for tests: its manifest claims a task of another plugin."""

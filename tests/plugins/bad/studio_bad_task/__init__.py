"""A plugin for tests: its task raises in the middle."""

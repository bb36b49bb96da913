"""A plugin for tests: its hooks return things of the wrong kind."""

"""A plugin for tests: it ends the process it is imported into."""

"""A plugin for tests: it is for another version of the API."""

"""Kit for our tests and for plugin authors. Imported by tests only."""

"""A plugin for tests: its manifest is no TOML."""

"""A plugin for tests: its runtime half raises when it is imported."""

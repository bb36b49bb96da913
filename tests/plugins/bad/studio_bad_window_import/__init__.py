"""A plugin for tests: its window half raises when it is imported."""

"""Isolation of code that nobody has vouched for. Imports no plugin, no Qt and no torch."""

"""Accepted changes of a model: stored, listed, undone."""

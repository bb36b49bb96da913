"""Accepted changes of a model: kept, listed, undone."""

"""Filters of a table: ranges, words, a substructure."""

"""Plots of a table, and the progress of a search."""

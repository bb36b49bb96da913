"""Draws plots: scales and shapes without Qt, a painter, a view to point into, and files."""

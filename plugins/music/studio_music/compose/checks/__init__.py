"""Automatic checks of a piece and of its sound."""

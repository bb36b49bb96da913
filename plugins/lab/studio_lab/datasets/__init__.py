"""Data sets: the user's own, and examples."""

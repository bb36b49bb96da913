"""Backups of the library: where, how often, which there are, and the way back."""

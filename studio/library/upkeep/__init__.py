"""Backup, integrity, recovery and rebuilding of a library."""

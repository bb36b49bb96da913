"""Attempts to reach another machine: seen in each process, reported to the window."""

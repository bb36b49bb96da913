"""Attempts to reach another machine: heard in each process of the studio, told to the window."""

"""Asking for results: the line with its completions, and the menus that write into it."""

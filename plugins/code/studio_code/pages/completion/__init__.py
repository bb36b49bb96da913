"""Completion at the cursor: words of the file at once, code of a model when it comes."""

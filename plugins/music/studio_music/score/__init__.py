"""A piece as notes: theory about it, files of it, and its engraved pages.

Knows nothing of the rooms beside it.
"""

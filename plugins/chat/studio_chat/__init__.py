"""Chat: talk and write with language models.

Holds no code: both halves are imported on their own.
"""

"""Pictures: make, enlarge and restyle them.

Holds no code: both halves are imported on their own.
"""

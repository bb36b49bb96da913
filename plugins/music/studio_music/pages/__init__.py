"""The page of music. Qt only: no torch, nothing of the worker half."""

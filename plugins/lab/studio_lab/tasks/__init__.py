"""The tasks of the lab, one a module."""

"""Workflows on a Ray cluster: a driver in a process of its own, and runtimes on its machines."""

"""Workflows: several steps over many inputs, from one file (``resources/workflows/README.md``)."""

"""A plugin for tests: its manifest points at code of somebody else."""

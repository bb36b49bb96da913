"""Synthesisers: a sound font where there is one, else the built-in one."""

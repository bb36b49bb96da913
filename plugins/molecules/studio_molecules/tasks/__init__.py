"""Implementations of the tasks, one module each. Runs in the runtime; Qt is never here."""

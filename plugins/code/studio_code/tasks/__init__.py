"""The tasks, one module each: they ask, run and tell. What each step knows lies elsewhere."""

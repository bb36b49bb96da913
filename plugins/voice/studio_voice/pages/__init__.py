"""The page: a recording, what is said in it, and what became of it."""

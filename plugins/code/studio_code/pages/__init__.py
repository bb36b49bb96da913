"""The page of code and what it is made of. Runs in the window; runs no code itself."""

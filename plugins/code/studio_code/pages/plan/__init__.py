"""A change over several files: its plan, what comes of the steps, and the review of it."""

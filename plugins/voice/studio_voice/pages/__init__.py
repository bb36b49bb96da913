"""The page: a recording, its transcript, and the results made from it."""

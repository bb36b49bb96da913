"""The window half of the lab: what to train, and how it goes."""

"""Sound fonts among the user's models."""

"""Sound fonts of the user."""

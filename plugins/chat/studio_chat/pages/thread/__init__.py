"""The messages of one conversation as cards, from top to bottom."""

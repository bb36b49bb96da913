"""The window in which a structure is drawn."""

"""The main window and what floats over it."""

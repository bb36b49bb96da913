"""Writing code from a description."""

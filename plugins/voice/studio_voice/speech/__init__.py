"""Recordings as sound, and where somebody speaks in them."""

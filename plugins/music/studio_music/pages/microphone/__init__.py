"""Tunes that are hummed into the microphone."""

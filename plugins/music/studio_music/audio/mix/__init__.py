"""Tracks to finished sound: rendering, mixdown, reverb, limiter, loudness."""

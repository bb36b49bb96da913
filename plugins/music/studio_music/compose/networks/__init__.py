"""Shared parts of this plugin's networks: a small transformer, and weights as files."""

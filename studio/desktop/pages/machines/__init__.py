"""The user's other machines in Settings."""

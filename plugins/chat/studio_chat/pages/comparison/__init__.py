"""Answers of several models or settings to one message, side by side."""
